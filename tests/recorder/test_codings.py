"""ELAN and BORIS files."""

import json
import xml.etree.ElementTree as ET

import pytest
from pympi.Elan import Eaf

from recorder.boris import write_boris
from recorder.elan import write_elan
from tests.capture.films import film
from tests.recorder.finished import face, recording, times

FACES = [face(0, 1, "sad"), face(0, 2, "happy"), face(1, 1, "fear"), face(1, 2, "happy"), face(2, 1, "sad")]


@pytest.fixture
def folder(tmp_path):
    return recording(tmp_path / 'a & "b" <c>', times(3), FACES)


@pytest.fixture
def clip(tmp_path):
    return film(tmp_path / "a film & more.mp4", images=3)


def test_elan_has_a_tier_a_person(folder, clip) -> None:
    """Read as the format says: annotations by their time slots, slots in order, references that lead somewhere."""
    root = ET.parse(write_elan(folder, clip)).getroot()  # noqa: S314 — our own
    slots = {slot.get("TIME_SLOT_ID"): int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")}
    assert list(slots.values()) == [0, 100, 200, 300]
    tiers = {
        tier.get("TIER_ID"): [
            (slots[one.get("TIME_SLOT_REF1")], slots[one.get("TIME_SLOT_REF2")], one.findtext("ANNOTATION_VALUE"))
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
    }
    assert tiers == {
        "person 1": [(0, 100, "sad"), (100, 200, "fear"), (200, 300, "sad")],
        "person 2": [(0, 200, "happy")],
    }
    words = {entry.get("CVE_ID") for entry in root.iter("CV_ENTRY_ML")}
    assert {one.get("CVE_REF") for one in root.iter("ALIGNABLE_ANNOTATION")} <= words
    link = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert link.get("MEDIA_URL") == clip.as_uri()
    assert link.get("RELATIVE_MEDIA_URL") == "./a film & more.mp4"


def test_pympi_reads_the_elan_file(folder, clip) -> None:
    """The library that labs read ELAN with."""
    eaf = Eaf(str(write_elan(folder, clip)))
    assert eaf.get_annotation_data_for_tier("person 2") == [(0, 200, "happy")]


def test_boris_has_paired_state_events(folder, clip) -> None:
    """Per person and label events alternate between start and stop, in the order of time; all of them are defined."""
    project = json.loads(write_boris(folder, clip).read_text())
    (observation,) = project["observations"].values()
    events = [tuple(event[:3]) for event in observation["events"]]
    assert [event for event in events if event[1] == "person 1"] == [
        (0.0, "person 1", "sad"),
        (0.1, "person 1", "sad"),
        (0.1, "person 1", "fear"),
        (0.2, "person 1", "fear"),
        (0.2, "person 1", "sad"),
        (0.3, "person 1", "sad"),
    ]
    assert [event for event in events if event[1] == "person 2"] == [
        (0.0, "person 2", "happy"),
        (0.2, "person 2", "happy"),
    ]
    assert [event[0] for event in events] == sorted(event[0] for event in events)
    assert {event[1] for event in events} == {subject["name"] for subject in project["subjects_conf"].values()}
    assert {event[2] for event in events} <= {row["code"] for row in project["behaviors_conf"].values()}
    media = observation["media_info"]
    assert observation["file"]["1"] == [str(clip)]
    assert media["length"][str(clip)] == pytest.approx(0.3)
    assert media["fps"][str(clip)] == pytest.approx(10)
    assert media["hasAudio"][str(clip)] is False


def test_nobody_in_it(tmp_path, clip) -> None:
    """Valid files without a person."""
    folder = recording(tmp_path / "empty", times(2), [])
    assert list(ET.parse(write_elan(folder, clip)).getroot().iter("TIER")) == []  # noqa: S314 — our own
    (observation,) = json.loads(write_boris(folder, clip).read_text())["observations"].values()
    assert observation["events"] == []
