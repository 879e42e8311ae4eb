"""Real films that once failed, in the development data folder, with their right numbers, times and sizes."""

from pathlib import Path

import pytest

from capture.sources import FileSource, SourceError

LIMIT = 10_000_000
CASES = Path(__file__).parents[2] / "../shared/cases/media"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not CASES.is_dir(), reason="the development data folder ../shared/cases is not there"),
]

WHOLE = {(640, 360): 60}
TIMELESS = "has no time stamps; taken as 25 frames a second"
FILMS = {
    # name: frames by size, warning
    "plain.mp4": (WHOLE, ""),
    "i1080.mp4": ({(1920, 1080): 25}, ""),
    "avchd.mts": ({(1920, 1080): 60}, ""),
    "fake_i.mp4": ({(640, 360): 25}, ""),
    "b.h264": (WHOLE, TIMELESS),
    "b.hevc": (WHOLE, TIMELESS),
    "b.mjpeg": (WHOLE, TIMELESS),
    "b.m4v": (WHOLE, ""),
    "empty_then_face.ts": ({(640, 360): 400}, "its time stamps jump once (-10.00 s at 10.00 s); time goes on evenly"),
    "forward.ts": ({(640, 360): 120}, "its time stamps jump once (+497.52 s at 2.40 s); time goes on evenly"),
    "trim.mp4": ({(640, 360): 27}, ""),
    "trim_audio.mov": ({(640, 360): 27}, ""),
    "audio_longer.mkv": (WHOLE, ""),
    "mediarecorder.webm": (WHOLE, ""),
    "a.flv": (WHOLE, ""),
    "big_tall.ts": ({(640, 360): 25, (360, 640): 25}, ""),
    "sar2.mp4": (WHOLE, ""),
    "dvd.mpg": ({(1024, 576): 60}, ""),
    "av1.mp4": ({(640, 360): 25}, ""),
    "av1_10.mkv": ({(640, 360): 25}, ""),
    "hlg1080.mov": ({(1920, 1080): 25}, ""),
    "pq.mp4": ({(640, 360): 25}, ""),
    "bframes.avi": (WHOLE, ""),
    "neg_ts.mkv": ({(640, 360): 35}, ""),
    "attach.mkv": (WHOLE, ""),
    "second.mp4": (WHOLE, ""),
    "two_default_second.mkv": (WHOLE, ""),
}
SHOT = (123, 140, 159)  # mean BGR of the one shot that most of them show


@pytest.mark.parametrize("name", FILMS)
def test_a_film_that_failed(name) -> None:
    """Every frame, evenly from 0, in the size shown, in the colours of the plain film, with the one warning due."""
    sizes, warning = FILMS[name]
    source = FileSource(CASES / name, LIMIT)
    source.open()
    frames = list(iter(source.read, None))
    assert {size: sum(frame.size == size for frame in frames) for size in sizes} == sizes
    assert [frame.pts for frame in frames] == pytest.approx([index / 25 for index in range(len(frames))], abs=1e-3)
    assert source.warnings == ([f"{CASES / name}: {warning}"] if warning else [])
    if name not in ("big_tall.ts", "empty_then_face.ts"):
        assert frames[len(frames) // 2].image.mean((0, 1)) == pytest.approx(SHOT, abs=6)


def test_a_song_with_a_cover_is_refused() -> None:
    """A cover picture is no film."""
    with pytest.raises(SourceError, match=r"song\.mp3: has no moving picture, only a cover picture$"):
        FileSource(CASES / "song.mp3", LIMIT).open()
