"""Options for streams: what FFmpeg does not know is told before anything is opened."""

import pytest

from capture.sources.ffmpeg_options import analysis_s, options_for, parse_options
from shared.errors import ConfigurationError


def test_options_are_parsed_and_win() -> None:
    """A comma in a value is escaped; blank entries are nothing."""
    more = parse_options(r" rtsp_transport=udp, headers=A: b\, c=d ,,timeout=7")
    assert more == {"rtsp_transport": "udp", "headers": "A: b, c=d", "timeout": "7"}
    options = options_for("rtsp", 2.5, more)
    assert options["timeout"] == "7"
    assert options["rw_timeout"] == "2500000"
    assert options["rtsp_flags"] == "prefer_tcp"
    assert "file" not in options["protocol_whitelist"].split(",")
    assert parse_options("") == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rtsp_transprot=tcp", "no option 'rtsp_transprot'"),
        ("crf=20", "no option 'crf'"),
        ("tcp", "NAME=VALUE,NAME=VALUE, not 'tcp' alone"),
        ("=5", "NAME=VALUE"),
        ("headers=a: secret, b=c d", "no option 'b'"),
        ("user_agent=secret, next", "not 'next' alone"),
    ],
)
def test_unknown_options_are_refused(text: str, reason: str) -> None:
    """In one line that names them, and no value, which may be secret."""
    with pytest.raises(ConfigurationError, match=reason) as caught:
        parse_options(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["analyzeduration", "fflags", "rtsp_transport", "user_agent", "tls_verify", "overrun_nonfatal", "live_start_index"],
)
def test_options_of_formats_and_protocols_are_known(name: str) -> None:
    """Those of any, as one setting is for all sources."""
    assert parse_options(f"{name}=1") == {name: "1"}


def test_ffmpeg_may_look_for_long() -> None:
    """Five seconds by default; opening is given as much time."""
    assert analysis_s({}) == 5.0
    assert analysis_s({"analyzeduration": "20000000"}) == 20.0
    assert analysis_s({"analyzeduration": "5M"}) == 5.0
