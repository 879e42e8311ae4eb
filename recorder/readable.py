"""Names of files as text that every reader of text takes."""

import re

_UNREADABLE = re.compile(r"[\x00-\x1f\x7f\udc80-\udcff]")
"""Control characters, and bytes that are not UTF-8 as Python decodes them."""


def readable(name: str) -> str:
    """The name with bytes that are not UTF-8 and control characters written as in URLs: `caf%E9`."""
    return _UNREADABLE.sub(lambda one: f"%{ord(one[0]) & 0xFF:02X}", name)
