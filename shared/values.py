"""How the values of settings are written: reads those that are no plain numbers, and says what is allowed."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from pydantic.fields import FieldInfo

from shared.errors import ConfigurationError


def window(value: object) -> object:
    """`auto` or a number of frames from 1 to 4096; raises ValueError."""
    if value == "auto":
        return value
    if not re.fullmatch(r"\d{1,4}", str(value)) or not 1 <= int(str(value)) <= 4096:
        raise ValueError("allowed: `auto` or a whole number from 1 to 4096")
    return int(str(value))


def size(value: object) -> object:
    """Width and height in pixels, written 1280x720; raises ValueError."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", value)
    if match is None:
        raise ValueError("allowed: width and height in pixels, as in 1280x720")
    return int(match[1]), int(match[2])


def thresholds(value: object) -> object:
    """Three numbers between 0 and 1, written with commas; raises ValueError."""
    parts = value.split(",") if isinstance(value, str) else value
    try:
        numbers = tuple(float(part) for part in cast(Any, parts))
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != 3 or not all(0 < number < 1 for number in numbers):
        raise ValueError("allowed: three numbers between 0 and 1, as in 0.6,0.7,0.6")
    return numbers


def refuse_unknown(names: Iterable[str], fields: Iterable[str], prefix: str) -> None:
    """Refuse variables that look like settings and are none: a misspelt one would be ignored silently.

    Raises ConfigurationError with the nearest setting of each. The supervisor's own variables are none of these.
    """
    known = [prefix + name.upper() for name in fields]
    given = {name.upper() for name in names if name.upper().startswith(prefix)}
    unknown = sorted(name for name in given - set(known) if not name.startswith(f"{prefix}SUPERVISOR_"))
    if unknown:
        nearest = [difflib.get_close_matches(name, known, n=1) for name in unknown]
        hints = [f"{name} (meant {best[0]}?)" if best else name for name, best in zip(unknown, nearest, strict=True)]
        raise ConfigurationError(f"no such setting: {', '.join(hints)}; docs/settings.md lists all")


def secret(file: Path, beside: str) -> str:
    """The token in a file, without the white space around it; raises ValueError, also if another stands `beside` it."""
    name = f"AFFECT_DASHBOARD_TOKEN_FILE={str(file)!r}"
    if beside:
        raise ValueError(f"{name}: AFFECT_DASHBOARD_TOKEN is set, too; set one of them")
    try:
        token = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} cannot be read: {getattr(error, 'strerror', 'no text')}") from None
    if not token:
        raise ValueError(f"{name} is empty")
    return token


def allowed(field: FieldInfo) -> str:
    """A setting's allowed values in words, from its type and bounds."""
    bounds = [
        f"{sign} {getattr(bound, key)}"
        for bound in field.metadata
        for key, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if hasattr(bound, key)
    ]
    choices = getattr(field.annotation, "__args__", ())
    if choices and all(isinstance(choice, str) for choice in choices):
        return " | ".join(choices)
    return " and ".join(bounds) or {int: "a whole number", float: "a number"}.get(cast(type, field.annotation), "text")
