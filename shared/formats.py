"""Which files are pictures and which are videos, by suffix and by their first bytes."""

from pathlib import PurePath

import pi_heif
from PIL import Image, ImageFile

HEAD_BYTES = 192
"""How much of a file's beginning tells what it is."""

# Postscript runs Ghostscript, films are not Pillow's, and the rest is measurements or a wrapper of metadata.
_UNWANTED = {"EPS", "FLI", "FITS", "IM", "IMT", "IPTC", "MCIDAS", "MPEG", "SPIDER", "XVTHUMB"}
_MOTION_JPEG = (".mjpeg", ".mjpg")  # begins like a picture
_TS_PACKET = 188
_VIDEO_BEGINNINGS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"DKIF",  # IVF
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",  # MPEG-1 and 2
    b"\x00\x00\x01\xb0",  # MPEG-4
    b"\x00\x00\x00\x01",  # H.264, HEVC
    b"\x00\x00\x01\x67",  # H.264
)


def _readable() -> tuple[str, ...]:
    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    Image.init()
    stubs = {name for name, (reader, _) in Image.OPEN.items() if _is_stub(reader)}
    return tuple(name for name in Image.OPEN if name not in stubs | _UNWANTED)


def _is_stub(reader: object) -> bool:
    return isinstance(reader, type) and issubclass(reader, ImageFile.StubImageFile)


PICTURE_FORMATS = _readable()
"""Pillow's names of the formats that are read, with HEIF by pi-heif."""

PICTURE_SUFFIXES = frozenset(
    suffix for suffix, name in Image.registered_extensions().items() if name in (*PICTURE_FORMATS, "MPO")
)
"""Their suffixes, in lower case with the dot; MPO is opened as JPEG."""


def is_picture(name: str, head: bytes) -> bool:
    """Whether a file is to be read as a picture; `head`: its first `HEAD_BYTES`, or fewer if there are no more.

    The content decides where it is known; else the suffix does, which also makes a damaged picture be called one.
    """
    suffix = PurePath(name).suffix.lower()
    if _begins_like_a_picture(head):
        return suffix not in _MOTION_JPEG
    return suffix in PICTURE_SUFFIXES and not is_video(head)


def is_video(head: bytes) -> bool:
    """Whether a file begins like a common kind of video; False is no proof that it is none."""
    return (
        head.startswith(_VIDEO_BEGINNINGS)
        or (head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide") and not _begins_like_a_picture(head))
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or head[::_TS_PACKET][:2] == b"GG"
    )


def _begins_like_a_picture(head: bytes) -> bool:
    """Whether one of the formats that have a signature knows it."""
    checks = (Image.OPEN[name][1] for name in PICTURE_FORMATS)
    return len(head) >= 16 and any(check(head[:16]) for check in checks if check is not None)
