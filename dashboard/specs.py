"""Which sources a viewer may have opened: the demo, cameras, URLs, and what lies in one folder. Looks at the disk."""

import re
from pathlib import Path
from urllib.parse import urlsplit

_DEVICE = re.compile(r"(/dev/video)?\d{1,4}")
_SCHEMES = frozenset({"http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp"})


class ForbiddenError(Exception):
    """A source that viewers may not have opened; the message says which they may."""


def permitted(spec: str, media: Path | None) -> str:
    """The spec as the capture is to open it: as given, a path resolved.

    Args:
        spec: what a viewer asked for.
        media: the folder below which paths are allowed; None: none are.

    Raises:
        ForbiddenError: anything else.
    """
    if not spec.isprintable():
        raise ForbiddenError("A source has no line breaks or control characters.")
    if spec == "demo" or _DEVICE.fullmatch(spec):
        return spec
    if "://" in spec:
        return _url(spec)
    return str(_inside(spec, media))


def _url(spec: str) -> str:
    try:
        scheme, host = urlsplit(spec).scheme.lower(), urlsplit(spec).hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in _SCHEMES or not host:
        raise ForbiddenError(f"Only addresses of a host that begin with {', '.join(sorted(_SCHEMES))} are opened.")
    return spec


def _inside(spec: str, media: Path | None) -> Path:
    """The path that a spec leads to, if that is below the folder, links resolved."""
    if media is None:
        raise ForbiddenError(
            "Allowed are demo, a camera of the server by its number, and addresses of streams. Files only if"
            " AFFECT_DASHBOARD_MEDIA names the folder that holds them; or upload the file on the page Recordings."
        )
    try:
        folder = media.resolve()
        path = (folder / spec).resolve()
        exists = path.exists()
    except (OSError, RuntimeError):  # a loop of links, a name that is too long
        raise ForbiddenError("That path cannot be followed.") from None
    if ".." in Path(spec).parts or not path.is_relative_to(folder) or path == folder:
        raise ForbiddenError("Only files in the folder of AFFECT_DASHBOARD_MEDIA are opened.")
    if not exists:
        raise ForbiddenError("There is no such file in the folder of AFFECT_DASHBOARD_MEDIA.")
    return path
