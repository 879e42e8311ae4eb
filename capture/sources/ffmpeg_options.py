"""FFmpeg's options for streams: those each is opened with, and those that `AFFECT_CAPTURE_OPTIONS` adds."""

import ctypes
import re
from collections.abc import Mapping

import av.container.core

from shared.errors import ConfigurationError

# What a stream or playlist may lead to: other streams, never a file of this machine.
_PROTOCOLS = "crypto,data,http,https,httpproxy,rtmp,rtp,srt,srtp,tcp,tls,udp"
_CHILDREN, _OF_CLASSES = 1, 2  # AV_OPT_SEARCH_CHILDREN, AV_OPT_SEARCH_FAKE_OBJ


def options_for(scheme: str, stall_seconds: float, more: Mapping[str, str]) -> dict[str, str]:
    """The options to open a URL of this scheme with.

    Args:
        scheme: in lower case.
        stall_seconds: limits connecting and every wait for data.
        more: the user's own, which win.
    """
    timeout = str(round(stall_seconds * 1_000_000))
    options = {"protocol_whitelist": _PROTOCOLS, "rw_timeout": timeout}
    if scheme in ("rtsp", "rtsps"):
        options |= {"rtsp_flags": "prefer_tcp", "timeout": timeout}
    elif scheme in ("tcp", "udp", "rtp"):
        options["timeout"] = timeout
    elif scheme in ("http", "https"):
        # without the former, FFmpeg 8.1 asks again on connections that servers have closed without saying so
        options |= {"multiple_requests": "1", "reconnect": "1"}
    return options | dict(more)


def analysis_s(options: Mapping[str, str]) -> float:
    """How long FFmpeg looks at a stream, at most, before it says what is in it."""
    return int(options["analyzeduration"]) / 1_000_000 if options.get("analyzeduration", "").isdigit() else 5.0


def parse_options(text: str) -> dict[str, str]:
    r"""The options in `NAME=VALUE,NAME=VALUE`, where a comma in a value is written `\,`.

    Raises:
        ConfigurationError: an entry is no such pair, or FFmpeg has no option of that name.
    """
    options = {}
    for entry in filter(None, map(str.strip, re.split(r"(?<!\\),", text))):
        name, equals, value = entry.partition("=")
        if not re.fullmatch(r"\w+", name) or not equals:
            raise ConfigurationError(f"AFFECT_CAPTURE_OPTIONS: allowed is NAME=VALUE,NAME=VALUE, not {name!r} alone")
        if not _is_option(name):
            raise ConfigurationError(f"AFFECT_CAPTURE_OPTIONS: FFmpeg's formats and protocols have no option {name!r}")
        options[name] = value.replace(r"\,", ",")
    return options


def _is_option(name: str) -> bool:
    """Whether a format or protocol has an option of this name, by FFmpeg's own table, which PyAV does not show."""
    library = ctypes.CDLL(av.container.core.__file__)  # leads to FFmpeg's libraries, which it is linked with
    try:
        find, of_formats = library.av_opt_find, library.avformat_get_class
    except AttributeError:
        return True
    find.restype = of_formats.restype = ctypes.c_void_p
    formats = ctypes.c_void_p(of_formats())
    return bool(find(ctypes.byref(formats), name.encode(), None, 0, _CHILDREN | _OF_CLASSES))
