"""RTSP, against a real server: over TCP, with the sender's times, and failures in FFmpeg's words."""

import base64

import pytest

from capture.sources import SourceUnavailable, UrlSource
from tests.capture.films import picture, times
from tests.capture.rtsp import rtp, rtsp
from tests.capture.site import until_lost

LIMIT = 1_000_000
SIZE = (320, 240)
PICTURES = [picture(index, SIZE) for index in range(15)]


def test_a_camera_is_read_over_tcp() -> None:
    """Every frame it sends, at its time, whole, with nothing run ahead of; its end is a failure."""
    with rtsp(rtp(PICTURES)) as server:
        frames, why = until_lost(UrlSource(f"rtsp://me:secret@{server.address}/a", lambda: 0.0, LIMIT))
    assert server.transports[0].startswith("RTP/AVP/TCP")
    assert times(frames) == pytest.approx([n / 25 for n in range(15)], abs=0.001)
    for frame, image in zip(frames, PICTURES, strict=True):
        assert frame.image.mean((0, 1)) == pytest.approx(image.mean((0, 1)), abs=5)
    assert why.startswith(f"rtsp://me:***@{server.address}/a: no frame 15, after 0.0 s of waiting for it (it ended)")


def test_a_camera_that_stalls_has_failed() -> None:
    """After the stall time."""
    with rtsp(rtp(PICTURES), stalls=True) as server:
        source = UrlSource(f"rtsp://{server.address}/a", lambda: 0.0, LIMIT, stall_seconds=0.5)
        source.open()
        frames = [source.read() for _ in PICTURES]
        assert None not in frames
        with pytest.raises(SourceUnavailable, match=r"no frame 15, .* \(timed out\)"):
            source.read()
        server.over.set()
        source.close()


def test_the_senders_clock_may_jump() -> None:
    """A camera that sets its clock by 500 s goes on evenly."""
    with rtsp(rtp(PICTURES, stamps=[n if n < 8 else n + 12_500 for n in range(15)])) as server:
        frames, _ = until_lost(UrlSource(f"rtsp://{server.address}/a", lambda: 0.0, LIMIT))
    assert times(frames) == pytest.approx([n / 25 for n in range(15)], abs=0.001)
    assert [(frame.index, frame.jump_s) for frame in frames if frame.jump_s] == [(8, pytest.approx(500, abs=0.01))]


def test_a_recorder_that_says_how_long_it_plays_ends() -> None:
    """It is a recording."""
    with rtsp(rtp(PICTURES), length_s=0.6) as server:
        source = UrlSource(f"rtsp://{server.address}/a", lambda: 0.0, LIMIT)
        source.open()
        assert source.paced
        assert len(list(iter(source.read, None))) == 15
        source.close()


def test_another_transport_can_be_asked_for() -> None:
    """By FFmpeg's option; what this server says to it is told in FFmpeg's words."""
    with rtsp(rtp(PICTURES)) as server:
        options = {"rtsp_transport": "udp"}
        source = UrlSource(f"rtsp://{server.address}/a", lambda: 0.0, LIMIT, options=options)
        with pytest.raises(SourceUnavailable, match=r"cannot be opened \(Protocol not supported\)"):
            source.open()
    assert server.transports[0].startswith("RTP/AVP/UDP")


def test_a_password_is_given_and_not_repeated() -> None:
    """A wrong one is told without it."""
    with rtsp(rtp(PICTURES)) as server:
        server.authorization = "Basic " + base64.b64encode(b"me:secret").decode()
        frames, _ = until_lost(UrlSource(f"rtsp://me:secret@{server.address}/a", lambda: 0.0, LIMIT))
        assert len(frames) == 15
        none, why = until_lost(UrlSource(f"rtsp://me:wrongsecret@{server.address}/a", lambda: 0.0, LIMIT))
    assert (none, "wrong" in why) == ([], False)
    assert "cannot be opened (Server returned 401 Unauthorized (authorization failed))" in why
