"""`elan.eaf`: a tier a person with an annotation an episode, for ELAN (EAF 3.0).

The format: https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
"""

import mimetypes
import xml.etree.ElementTree as ET
from pathlib import Path

from recorder.episodes import codings
from recorder.finished import Finished
from recorder.readable import readable
from shared.files import replacing
from shared.messages import EMOTIONS

_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_TYPE, _WORDS = "label", "labels"


def write_elan(folder: Path, film: Path) -> Path:
    """Write `elan.eaf` into the folder of a finished recording; returns its path.

    Each person has a tier; each episode with a label is an annotation in it, of a controlled vocabulary. `film` is
    linked by its absolute path and by its name, so that ELAN finds it beside the file, too.

    Raises:
        UnfinishedError: there is no finished recording.
    """
    recording = Finished(folder)
    found = codings(recording)
    root = _document(recording, film, len(found))
    slots = sorted({ms for coding in found for ms in (coding.start_ms, coding.end_ms)})
    slot = {ms: f"ts{number}" for number, ms in enumerate(slots, 1)}
    times = ET.SubElement(root, "TIME_ORDER")
    for ms in slots:
        ET.SubElement(times, "TIME_SLOT", TIME_SLOT_ID=slot[ms], TIME_VALUE=str(ms))
    tiers = {track_id: _tier(root, track_id) for track_id in sorted({coding.track_id for coding in found})}
    for number, coding in enumerate(found, 1):
        span = {"TIME_SLOT_REF1": slot[coding.start_ms], "TIME_SLOT_REF2": slot[coding.end_ms]}
        annotation = ET.SubElement(tiers[coding.track_id], "ANNOTATION")
        word = {"CVE_REF": f"cve_{coding.label}"}
        aligned = ET.SubElement(annotation, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": f"a{number}", **span, **word})
        ET.SubElement(aligned, "ANNOTATION_VALUE").text = coding.label
    _vocabulary(root)
    ET.indent(root)
    path = folder / "elan.eaf"
    with replacing(path) as part:
        ET.ElementTree(root).write(part, encoding="UTF-8", xml_declaration=True)
    return path


def _document(recording: Finished, film: Path, annotations: int) -> ET.Element:
    """The root with its header."""
    author = f"affectstream {recording.run['version']}"
    about = {"DATE": recording.run["started"], "FORMAT": "3.0", "VERSION": "3.0"}
    schema = {f"{{{_NAMESPACE}}}noNamespaceSchemaLocation": _SCHEMA}
    ET.register_namespace("xsi", _NAMESPACE)
    root = ET.Element("ANNOTATION_DOCUMENT", {"AUTHOR": author, **about, **schema})
    header = ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    kind = mimetypes.guess_type(film.name)[0] or "unknown"
    link = {"MEDIA_URL": film.absolute().as_uri(), "RELATIVE_MEDIA_URL": f"./{readable(film.name)}", "MIME_TYPE": kind}
    ET.SubElement(header, "MEDIA_DESCRIPTOR", link)
    ET.SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(annotations)
    return root


def _tier(root: ET.Element, track_id: int) -> ET.Element:
    names = {"TIER_ID": f"person {track_id}", "PARTICIPANT": str(track_id)}
    return ET.SubElement(root, "TIER", names, LINGUISTIC_TYPE_REF=_TYPE)


def _vocabulary(root: ET.Element) -> None:
    """The type of the tiers, and the labels it may hold."""
    kind = {"LINGUISTIC_TYPE_ID": _TYPE, "CONTROLLED_VOCABULARY_REF": _WORDS}
    ET.SubElement(root, "LINGUISTIC_TYPE", kind, GRAPHIC_REFERENCES="false", TIME_ALIGNABLE="true")
    language = {"LANG_ID": "eng", "LANG_DEF": "http://cdb.iso.org/lg/CDB-00138502-001", "LANG_LABEL": "English (eng)"}
    ET.SubElement(root, "LANGUAGE", language)
    words = ET.SubElement(root, "CONTROLLED_VOCABULARY", CV_ID=_WORDS)
    ET.SubElement(words, "DESCRIPTION", LANG_REF="eng").text = "A model's labels of faces, not what anybody feels"
    for label in EMOTIONS:
        entry = ET.SubElement(words, "CV_ENTRY_ML", CVE_ID=f"cve_{label}")
        ET.SubElement(entry, "CVE_VALUE", LANG_REF="eng", DESCRIPTION="").text = label
