"""Parses `AFFECT_CAPTURE_SOURCE` into sources and their names.

The value is a comma-separated list of `SPEC` or `name=SPEC`. A SPEC is `auto`, `demo`, a device index (or
`/dev/videoN`), a path or a URL. Write a comma inside a URL as `%2C`; a path cannot contain one. Write a path with `=`
before its first slash as `./a=b.mp4`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal
from urllib.parse import urlsplit

from shared.errors import ConfigurationError

Kind = Literal["device", "url", "demo", "path"]

VARIABLE = "AFFECT_CAPTURE_SOURCE"
NAME_LENGTH = 32
_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_DEVICE = re.compile(r"(?:/dev/video)?(\d{1,4})")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_ALLOWED = (
    "SPEC or name=SPEC, or a comma-separated list of these, "
    "where SPEC is auto, demo, a device index, a path or a URL and name is [a-z0-9_-]{1,32}"
)

# From the user name to the last @ before the next URL: a password may itself contain @, / or a comma.
_PASSWORD = re.compile(r"(:/+[^/?#@:\s]*):(?:(?!://)\S)*@")
_PARAMETER = re.compile(r"([?&][^=&#\s]*=)[^&#,\s]*")
# Some video recorders take it in the path: rtsp://host/user=admin_password=secret_channel=1
_IN_PATH = re.compile(r"((?:pas|pw)\w*=)[^/?&,\s]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of the list: its name, unique in the list, and what to open."""

    name: str
    spec: str = field(repr=False)  # may contain a password

    @property
    def kind(self) -> Kind:
        """The kind of source."""
        return kind_of(self.spec)

    @property
    def label(self) -> str:
        """The spec without its password, for logs and messages."""
        return redact(self.spec)


def redact(text: str) -> str:
    """The text with passwords in URLs (`user:***@host`, `password=***`) and query values (`res=***`) hidden.

    It errs on the safe side: a path loses what is between a colon and a later `@`.
    """
    return _IN_PATH.sub(r"\1***", _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text)))


def kind_of(spec: str) -> Kind:
    """The kind of source that a spec (not `auto`) names."""
    if spec == "demo":
        return "demo"
    if _DEVICE.fullmatch(spec):
        return "device"
    return "url" if _URL.match(spec) else "path"


def device_index(spec: str) -> int:
    """The index of a spec of kind `device`: 1 for `1` and for `/dev/video1`."""
    match = _DEVICE.fullmatch(spec)
    if match is None:
        raise ValueError(f"no device: {redact(spec)}")
    return int(match[1])


def parse_sources(value: str, camera_opens: Callable[[int], bool], variable: str = VARIABLE) -> tuple[SourceSpec, ...]:
    """The sources that a setting lists, in order, with unique names.

    Missing names are derived (`cam0`, a file's stem, a URL's host, `demo`) and numbered if taken (`clip`, `clip-2`).
    `auto` becomes device 0 if `camera_opens(0)`, else `demo`; blank entries are ignored.

    Raises:
        ConfigurationError: an empty list, a bad or duplicate name, a name without a spec, or an invalid URL.
    """

    def refuse(why: str) -> ConfigurationError:
        return ConfigurationError(f"{variable}={redact(value)!r}: {why}; allowed is {_ALLOWED}")

    entries = [_split(entry.strip()) for entry in value.split(",") if entry.strip()]
    if not entries:
        raise refuse("no source is listed")
    behind_url = False
    for number, (name, spec) in enumerate(entries, 1):
        if behind_url and "@" in spec and kind_of(spec) == "path":  # the rest of a password with a comma: keep it out
            raise refuse(f"entry {number} holds an @ after a URL: write a comma in a URL as %2C, and files before URLs")
        behind_url = behind_url or kind_of(spec) == "url"
        if name is not None and not _NAME.fullmatch(name):
            raise refuse(f"{name!r} is no source name (write ./{redact(f'{name}={spec}')} if it is a file)")
        if not spec:
            raise refuse(f"{name!r} names nothing")
        if not _sound(spec):
            raise refuse("a URL has no valid host and port (write a comma as %2C, and in passwords / as %2F)")
    given = [name for name, _ in entries if name is not None]
    if twice := sorted({name for name in given if given.count(name) > 1}):
        raise refuse(f"the name {twice[0]!r} is given twice")

    taken, sources = set(given), []
    for name, spec in entries:
        opened = ("0" if camera_opens(0) else "demo") if spec == "auto" else spec
        unique = name or _numbered(_derived(opened), taken)
        taken.add(unique)
        sources.append(SourceSpec(unique, opened))
    return tuple(sources)


def _split(entry: str) -> tuple[str | None, str]:
    """(name, spec); no name if the text before `=` begins a path or URL."""
    before, equals, behind = entry.partition("=")
    if not equals or "/" in before or ":" in before:
        return None, entry
    return before.strip(), behind.strip()


def _derived(spec: str) -> str:
    kind = kind_of(spec)
    if kind == "device":
        return f"cam{device_index(spec)}"
    text = urlsplit(spec).hostname or "" if kind == "url" else PurePath(spec).stem
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:NAME_LENGTH] or "source"


def _sound(spec: str) -> bool:
    """Whether a URL can be parsed; it cannot if its password was cut at a comma or contains a slash."""
    try:
        return kind_of(spec) != "url" or urlsplit(spec).port != 0
    except ValueError:
        return False


def _numbered(name: str, taken: Iterable[str]) -> str:
    number, unique = 1, name
    while unique in taken:
        number += 1
        suffix = f"-{number}"
        unique = name[: NAME_LENGTH - len(suffix)] + suffix
    return unique
