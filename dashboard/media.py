"""What an upload is, by its first bytes; nothing is decoded here."""

from typing import NamedTuple

from shared.formats import HEAD_BYTES, is_picture, is_video

HEAD = HEAD_BYTES
"""How many bytes of a file `kind_of` wants."""

_MIME = (  # offset, beginning, and the type under which a browser takes it
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),  # Matroska, too
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp", "video/mp4"),
    (4, b"moov", "video/mp4"),
    (4, b"mdat", "video/mp4"),
    (4, b"wide", "video/mp4"),
    (0, b"OggS", "video/ogg"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
)


class Kind(NamedTuple):
    """A film or a picture, and its type; `application/octet-stream` for one that no browser shows."""

    is_picture: bool
    mime: str


def kind_of(head: bytes) -> Kind | None:
    """What a file is by its beginning; None if it is neither film nor picture, as far as that tells."""
    picture = is_picture("", head)
    if not picture and not is_video(head):
        return None
    found = (mime for offset, beginning, mime in _MIME if head[offset:].startswith(beginning))
    mime = next(found, "application/octet-stream")
    return Kind(picture, mime if mime.startswith("image/") == picture else "application/octet-stream")
