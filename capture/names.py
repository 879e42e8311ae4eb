r"""Parses `AFFECT_CAPTURE_SOURCE` into sources and their names.

The value is a comma-separated list of `SPEC` or `name=SPEC`. A SPEC is `auto`, `demo`, a device index (or
`/dev/videoN`, or a link below `/dev/v4l/`), a path or a URL. Write a comma inside a URL as `%2C`, inside a path as
`\,`, and a path with `=` before its first slash as `./a=b.mp4`. A value that as a whole is the path of an existing file
or folder is that one source, whatever characters it holds.
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
_DEVICE_LINK = re.compile(r"/dev/v4l/.+")  # udev's, by the camera's id or its socket
_COMMA = re.compile(r"(?<!\\),")
_NOT_UTF8 = 0xDC00  # PEP 383: a byte b that is not UTF-8 stands in a str as chr(0xDC00 + b)
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
    r"""The text with passwords in URLs (`user:***@host`, `password=***`) and query values (`res=***`) hidden.

    It errs on the safe side: a path loses what is between a colon and a later `@`. Bytes that are not UTF-8 and
    characters that are not printable are escaped (`\xe9`, `\n`), so it can be sent, logged and shown in one line.
    """
    hidden = _IN_PATH.sub(r"\1***", _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text)))
    return "".join(char if char.isprintable() else _escaped(char) for char in hidden)


def _escaped(char: str) -> str:
    byte = ord(char) - _NOT_UTF8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else char.encode("unicode_escape").decode()


def kind_of(spec: str) -> Kind:
    """The kind of source that a spec (not `auto`) names."""
    if spec == "demo":
        return "demo"
    if _DEVICE.fullmatch(spec) or _DEVICE_LINK.fullmatch(spec):
        return "device"
    return "url" if _URL.match(spec) else "path"


def device_of(spec: str) -> int | str:
    """What to open for a spec of kind `device`: an index (1 for `1` and `/dev/video1`), or the path of a link to it."""
    match = _DEVICE.fullmatch(spec)
    return int(match[1]) if match else spec


def parse_sources(
    value: str,
    camera_opens: Callable[[int], bool],
    exists: Callable[[str], bool],
    variable: str = VARIABLE,
) -> tuple[SourceSpec, ...]:
    """The sources that a setting lists, in order, with unique names.

    Missing names are derived (`cam0`, a file's stem, a URL's host, `demo`) and numbered if taken (`clip`, `clip-2`).
    `auto` becomes device 0 if `camera_opens(0)`, else `demo`; blank entries are ignored. `exists` says whether a path
    leads to a file or folder.

    Raises:
        ConfigurationError: an empty list, a bad or duplicate name, a name without a spec, or an invalid URL.
    """

    def refuse(why: str) -> ConfigurationError:
        return ConfigurationError(f"{variable}={redact(value)!r}: {why}; allowed is {_ALLOWED}")

    entries = _entries(value, exists)
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


def parse_source(
    name: str, value: str, camera_opens: Callable[[int], bool], exists: Callable[[str], bool]
) -> SourceSpec:
    """The one source that `value` lists, under this name; see `parse_sources`.

    Raises:
        ConfigurationError: also for a list of several.
    """
    variable = f"the source {name!r}"
    found = parse_sources(value, camera_opens, exists, variable)
    if len(found) > 1:
        raise ConfigurationError(f"{variable}={redact(value)!r}: is a list, and one source is opened at a time")
    return SourceSpec(name, found[0].spec)


def _entries(value: str, exists: Callable[[str], bool]) -> list[tuple[str | None, str]]:
    """(name, spec) of each entry of the list."""
    if value and kind_of(value) == "path" and value != "auto" and exists(value):
        return [(None, value)]
    return [_split(entry.strip()) for entry in _COMMA.split(value) if entry.strip()]


def _split(entry: str) -> tuple[str | None, str]:
    """(name, spec); no name if the text before `=` begins a path or URL."""
    before, equals, behind = entry.replace("\\,", ",").partition("=")
    if not equals or "/" in before or ":" in before:
        return None, before + equals + behind
    return before.strip(), behind.strip()


def _derived(spec: str) -> str:
    kind = kind_of(spec)
    if kind == "device":
        device = device_of(spec)
        text = f"cam{device}" if isinstance(device, int) else PurePath(device).name
    else:
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
