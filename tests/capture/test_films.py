"""Films of many codecs, containers and rates: every frame, at its time, in its colours, as PyAV itself lists them."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from capture.sources import FileSource, Frame
from tests.capture.films import LIMIT, film, picture, read, table, times

NTSC = Fraction(30_000, 1001)
B = {"bf": "2", "g": "10"}
PLAIN = {"bf": "0", "g": "10"}
UNEVEN = [0, 1, 2, 5, 6, 9, 10, 11, 12, 30, 31, 32, 33, 40, 41, 42, 43, 44, 45, 50]
DV = [picture(index, (720, 576)) for index in range(5)]
MXF = [picture(index, (320, 240)) for index in range(5)]
CIF = [picture(index, (352, 288)) for index in range(20)]
FOUR_BY_THREE = [picture(index, (352, 288)) for index in range(8)]

FILMS = [
    # name, codec, rate, how
    ("a.mp4", "libx264", 25, {"options": B}),
    ("b.mp4", "libx264", NTSC, {"options": PLAIN}),
    ("c.mp4", "libx264", 10, {"options": B, "stamps": UNEVEN}),
    ("d.mp4", "libx264", 25, {"muxing": {"movflags": "faststart"}}),
    ("e.mp4", "libx264", 25, {"muxing": {"movflags": "frag_keyframe+empty_moov"}, "options": PLAIN}),
    ("f.mp4", "libx264", 25, {"options": B, "stamps": [100 + index for index in range(20)]}),
    ("g.mp4", "libx265", 50, {}),
    ("h.mp4", "libsvtav1", 25, {}),
    ("i.mp4", "libvpx-vp9", 25, {}),
    ("j.mp4", "mpeg4", 12, {"options": {"bf": "2"}}),
    ("k.mp4", "libx264", 25, {"options": B, "pixels": "yuv444p"}),
    ("l.mp4", "libx265", 25, {"pixels": "yuv420p10le"}),
    ("m.mov", "libx264", NTSC, {"options": B}),
    ("n.mov", "prores_ks", 25, {"pixels": "yuv422p10le"}),
    ("o.mov", "mjpeg", 15, {"pixels": "yuvj422p"}),
    ("p.mov", "png", 25, {"pixels": "rgb24"}),
    ("q.mov", "qtrle", 25, {"pixels": "rgb24"}),
    ("r.mov", "rawvideo", 25, {"pixels": "uyvy422"}),
    ("s.mkv", "libx264", NTSC, {"options": B}),
    ("t.mkv", "libx264", 10, {"options": PLAIN, "stamps": UNEVEN}),
    ("u.mkv", "libx265", 25, {"stamps": [50 + index for index in range(20)]}),
    ("v.mkv", "ffv1", 25, {"pixels": "bgr0"}),
    ("w.avi", "huffyuv", 25, {"pixels": "yuv422p"}),
    ("x.webm", "libvpx", 25, {}),
    ("y.webm", "libvpx-vp9", NTSC, {"pixels": "yuv420p"}),
    ("z.webm", "libsvtav1", 25, {"pixels": "yuv420p10le"}),
    ("aa.ts", "libx264", 25, {"options": B}),
    ("ab.ts", "libx265", 50, {}),
    ("ac.ts", "mpeg2video", 25, {"options": {"bf": "2"}}),
    ("ad.mpg", "mpeg1video", 25, {"images": FOUR_BY_THREE}),
    ("ae.mpg", "mpeg2video", NTSC, {"container": "vob", "images": FOUR_BY_THREE}),
    ("af.flv", "libx264", 25, {"options": B}),
    ("ag.flv", "flv", 20, {}),
    ("ah.avi", "mpeg4", 25, {"options": {"bf": "2"}}),
    ("ai.avi", "libx264", 25, {"options": B}),
    ("aj.avi", "mjpeg", NTSC, {"pixels": "yuvj420p"}),
    ("ak.avi", "ffv1", 25, {"pixels": "yuv420p"}),
    ("al.avi", "rawvideo", 25, {"pixels": "bgr24"}),
    ("am.avi", "utvideo", 25, {"pixels": "yuv422p"}),
    ("an.avi", "msmpeg4", 25, {}),
    ("ao.asf", "wmv2", 25, {}),
    ("ap.nut", "ffv1", 25, {"pixels": "gray"}),
    ("aq.3gp", "h263", NTSC, {"images": FOUR_BY_THREE}),
    ("ar.gif", "gif", 20, {"pixels": "bgr8"}),
    ("as.ivf", "libvpx-vp9", 25, {}),
    ("at.ivf", "libsvtav1", 25, {}),
    ("au.y4m", "rawvideo", 25, {"container": "yuv4mpegpipe"}),
    ("av.apng", "apng", 10, {"pixels": "rgb24"}),
    ("aw.mxf", "mpeg2video", 25, {"images": MXF}),
    ("ax.dv", "dvvideo", 25, {"images": DV, "pixels": "yuv420p"}),
]
STREAMS = [
    # elementary streams, which have no time
    ("a.h264", "libx264", 30, {"options": B}),
    ("b.hevc", "libx265", 25, {}),
    ("c.mjpeg", "mjpeg", 25, {"pixels": "yuvj420p"}),
    ("d.obu", "libsvtav1", 25, {}),
    ("e.m2v", "mpeg2video", 25, {"container": "mpeg2video", "options": {"bf": "2"}}),
    ("f.m4v", "mpeg4", 25, {"container": "m4v"}),
    ("g.m1v", "mpeg1video", 25, {"container": "mpeg1video", "options": {"bf": "2"}}),
    ("h.h263", "h263", Fraction(30_000, 1001), {"container": "h263", "images": CIF}),
]


@pytest.mark.parametrize(("name", "codec", "rate", "how"), FILMS, ids=[f"{row[1]}-{row[0]}" for row in FILMS])
def test_a_film_comes_whole_in_order_and_in_its_colours(tmp_path, name, codec, rate, how) -> None:
    """As many frames as were put in, the first at 0, at PyAV's own times and mean colours, with no warning."""
    path = film(tmp_path / name, codec, rate=rate, **how)
    frames, warnings = read(path)
    rows = table(path)
    images = how.get("images", 20)
    count = images if isinstance(images, int) else len(images)
    stamps = how.get("stamps", range(count))
    assert len(frames) == len(rows) == count
    assert times(frames) == pytest.approx([float((stamp - stamps[0]) / rate) for stamp in stamps], abs=0.001)
    told = [(frame.pts, row.pts) for frame, row in zip(frames, rows, strict=True) if row.pts is not None]
    if path.suffix != ".avi":  # which has no presentation stamps: PyAV makes them up, in the wrong order
        assert [ours for ours, _ in told] == pytest.approx([theirs for _, theirs in told], abs=1e-5)
    ours, theirs = (np.array(means) for means in ([f.image.mean((0, 1)) for f in frames], [r.colour for r in rows]))
    assert ours == pytest.approx(theirs, abs=1.5)
    assert warnings == []
    assert_same_behind_a_skip(path, frames)


@pytest.mark.parametrize(("name", "codec", "rate", "how"), STREAMS, ids=[row[0] for row in STREAMS])
def test_an_elementary_stream_is_timed_by_its_rate(tmp_path, name, codec, rate, how) -> None:
    """A stream without time stamps goes on evenly at its own rate, or FFmpeg's 25 a second, and that is said once."""
    path = film(tmp_path / name, codec, rate=rate, **how)
    frames, warnings = read(path)
    assert len(frames) == len(table(path)) == 20
    assert times(frames) == pytest.approx([float(index / rate) for index in range(20)], abs=1e-5)
    assert warnings == [f"{path}: has no time stamps; taken as {float(rate):.4g} frames a second"]
    assert_same_behind_a_skip(path, frames)


def assert_same_behind_a_skip(path: Path, whole: list[Frame]) -> None:
    """What comes after `skip_to` or `seek`, forwards and back, is what comes in an unbroken run."""
    source = FileSource(path, LIMIT)
    source.skip_to(len(whole) // 2)
    assert_same(source, whole[len(whole) // 2 :])
    source.seek(whole[2].pts)
    source.read()
    source.seek(whole[3].pts + 1e-6)
    assert_same(source, whole[4:])
    source.close()


def assert_same(source: FileSource, frames: list[Frame]) -> None:
    """The rest of a source is these frames."""
    for ours, theirs in zip(iter(source.read, None), frames, strict=True):
        assert (ours.index, ours.pts, ours.last) == (theirs.index, theirs.pts, theirs.last)
        assert np.array_equal(ours.image, theirs.image)
