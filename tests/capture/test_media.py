"""Containers as they come: joined, cut, with several tracks, damaged; what is read of them and what is said."""

import re
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from capture.sources import FileSource, SourceError
from tests.capture.films import LIMIT, corners, film, opened, picture, read, remuxed, table, times

B = {"bf": "2", "g": "10"}


def joined(path: Path, *parts: Path) -> Path:
    """The files one behind the other."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def test_a_joint_that_jumps_back(tmp_path) -> None:
    """Two recordings joined with `cat`: time goes on by one frame, the second part is whole, one line tells."""
    one = film(tmp_path / "one.ts", options=B)
    path = joined(tmp_path / "two.ts", one, one)
    frames, warnings = read(path)
    assert times(frames) == pytest.approx([index / 25 for index in range(40)], abs=1e-5)
    assert warnings == [f"{path}: its time stamps jump once (-0.80 s at 0.80 s); time goes on evenly"]


def test_a_joint_that_leaps_ahead(tmp_path) -> None:
    """A part whose stamps begin 500 s later follows at once; each jump is told, the first three with their size."""
    one = film(tmp_path / "one.ts", options=B)
    late = film(tmp_path / "late.ts", options=B, muxing={"output_ts_offset": "500"})
    frames, warnings = read(joined(tmp_path / "a.ts", one, late))
    assert times(frames) == pytest.approx([index / 25 for index in range(40)], abs=1e-5)
    assert re.search(r"jump once \(\+499\.\d\d s at 0\.80 s\)", warnings[0])
    frames, warnings = read(joined(tmp_path / "b.ts", one, late, one, late, one))
    assert times(frames) == pytest.approx([index / 25 for index in range(100)], abs=1e-5)
    assert re.search(
        r"jump 4 times \(\+499\S* s at 0\.80 s, -500\S* s at 1\.60 s, \+499\S* s at 2\.40 s, …\)", warnings[0]
    )


def test_the_size_changes_in_mid_stream(tmp_path) -> None:
    """Each frame has its own size, and nothing of it is squeezed or lost."""
    wide = film(tmp_path / "wide.ts", images=[picture(index, (96, 64)) for index in range(15)])
    tall = film(tmp_path / "tall.ts", images=[picture(index, (64, 96)) for index in range(15)])
    frames, _ = read(joined(tmp_path / "a.ts", wide, tall, wide))
    assert [frame.image.shape[:2] for frame in frames] == [(64, 96)] * 15 + [(96, 64)] * 15 + [(64, 96)] * 15
    assert [corners(frame.image) for frame in frames] == ["rgb-"] * 45
    source = opened(joined(tmp_path / "b.ts", wide, tall), limit=64 * 96)
    assert len(list(iter(source.read, None))) == 30


def test_frames_held_over_a_change_keep_their_aspect(tmp_path) -> None:
    """A decoder that reorders frames knows the next size and aspect before it has given the last frames before it."""
    square = film(tmp_path / "square.ts", options=B, images=[picture(index, (96, 64)) for index in range(15)])
    wide = film(
        tmp_path / "wide.ts",
        options=B,
        images=[picture(index, (64, 96)) for index in range(15)],
        prepare=lambda stream: setattr(stream, "sample_aspect_ratio", Fraction(3)),
    )
    frames, _ = read(joined(tmp_path / "a.ts", square, wide, square))
    assert [frame.size for frame in frames] == [(96, 64)] * 15 + [(192, 96)] * 15 + [(96, 64)] * 15


def test_a_film_that_grows_above_the_pixel_limit(tmp_path) -> None:
    """The limit also holds for frames that turn out larger than the first ones."""
    small = film(tmp_path / "small.ts")
    large = film(tmp_path / "large.ts", images=[picture(index, (640, 480)) for index in range(15)])
    source = opened(joined(tmp_path / "a.ts", small, large), limit=200_000)
    with pytest.raises(SourceError, match="640x480 = 307200 pixels are more than the limit of 200000"):
        list(iter(source.read, None))


def test_the_pixel_limit_comes_before_the_decoder(tmp_path) -> None:
    """A film above the limit is refused by its header, with its picture's bytes gone."""
    path = film(tmp_path / "a.mov", "png", [picture(0, (400, 300))] * 2, pixels="rgb24")
    content = path.read_bytes()
    start = content.find(b"mdat") + 4
    path.write_bytes(content[:start] + bytes(len(content) // 2) + content[start + len(content) // 2 :])
    with pytest.raises(SourceError, match="400x300 = 120000 pixels are more than the limit of 100000"):
        opened(path, limit=100_000)


@pytest.mark.parametrize("name", ["a.mkv", "a.mov", "a.flv", "a.ts", "a.webm"])
def test_sound_that_is_longer_than_the_picture(tmp_path, name) -> None:
    """The film ends with its picture, and nothing is missing."""
    source = film(tmp_path / "one.mkv", "libvpx" if name == "a.webm" else "libx264")
    if name == "a.webm":  # as browsers record: written to a pipe, so with no duration
        path = remuxed(tmp_path / name, source, muxing={"live": "1"})
        assert av.open(str(path)).duration is None
    else:
        path = remuxed(tmp_path / name, source, sound_s=3)
    frames, warnings = read(path)
    assert times(frames) == pytest.approx([index / 25 for index in range(20)], abs=0.001)
    assert frames[-1].last
    assert warnings == []


def test_a_film_cut_off_a_key_frame(tmp_path) -> None:
    """What an edit list hides is decoded for the frames behind it but not shown, and nothing is missing."""
    whole = film(tmp_path / "whole.mp4", options={"bf": "0", "g": "10"})

    def from_frame_4(packet):
        packet.pts -= 4 * 512
        packet.dts -= 4 * 512
        return True

    path = remuxed(tmp_path / "cut.mp4", whole, change=from_frame_4, muxing={"avoid_negative_ts": "disabled"})
    frames, warnings = read(path)
    assert len(frames) == len(table(path)) == 16
    assert times(frames) == pytest.approx([index / 25 for index in range(16)], abs=1e-5)
    assert np.array_equal(frames[0].image, read(whole)[0][4].image)
    assert warnings == []


def test_frames_without_and_with_the_same_stamp(tmp_path) -> None:
    """Frames before a Matroska's zero have no stamp, equal stamps are told apart: time still goes up frame by frame."""
    whole = film(tmp_path / "whole.mkv", options={"bf": "0"})

    def earlier(packet):
        packet.pts = packet.dts = packet.pts - 100
        return True

    def in_pairs(packet):
        packet.pts = packet.dts = packet.pts // 80 * 80
        return True

    path = remuxed(tmp_path / "a.mkv", whole, change=earlier, muxing={"avoid_negative_ts": "disabled"})
    frames, _ = read(path)
    assert times(frames) == pytest.approx([index / 25 for index in range(20)], abs=0.002)
    frames, _ = read(remuxed(tmp_path / "b.mkv", whole, change=in_pairs))
    assert len(frames) == 20
    assert all(before.pts < after.pts for before, after in pairwise(frames))
    assert frames[-1].pts == pytest.approx(0.76, abs=0.05)


def test_a_picture_that_ffmpeg_alone_can_read(tmp_path) -> None:
    """A film of one frame needs no time stamps, and nothing is said about them."""
    frames, warnings = read(film(tmp_path / "a.dpx", "dpx", 1, pixels="rgb48le", container="image2"))
    assert [corners(frame.image) for frame in frames] == ["rgb-"]
    assert warnings == []


def test_packets_that_fail_are_counted_with_their_time(tmp_path, capfd) -> None:
    """Only packets of the video that cannot be decoded are losses: their number, and the first one's time."""
    whole = film(tmp_path / "whole.mkv", "mjpeg", pixels="yuvj420p")
    content = bytearray(whole.read_bytes())
    starts = [at for at in range(len(content)) if content[at : at + 2] == b"\xff\xd8"]
    for number in (7, 8, 13):
        content[starts[number] : starts[number] + 200] = bytes(200)
    path = tmp_path / "a.mkv"
    path.write_bytes(content)
    capfd.readouterr()
    frames, warnings = read(path)
    assert [frame.index for frame in frames] == list(range(17))
    assert warnings == [
        f"{path}: 3 packets of the video could not be decoded, first at 0.28 s "
        "(Invalid data found when processing input)"
    ]
    assert times(frames)[6:8] == pytest.approx([0.24, 0.36])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "codec"), [("a.ts", "libx264"), ("a.mkv", "ffv1"), ("a.mpg", "mpeg2video")])
def test_damage_looks_the_same_every_time(tmp_path, name, codec) -> None:
    """Two runs over a damaged film give the same frames to the last bit, and so does the rest of one behind a skip."""
    noise = np.random.default_rng(0)
    images = [noise.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(30)]
    path = film(tmp_path / name, codec, images, options={"g": "10"})
    content = bytearray(path.read_bytes())
    for at in noise.integers(2000, len(content), 60).tolist():
        content[at] ^= 255
    path.write_bytes(content)
    whole, warnings = read(path)
    assert len(whole) > 5
    for start in (0, 1, 3, len(whole) // 2, len(whole) - 1):
        source = FileSource(path, LIMIT)
        for go in (lambda: source.skip_to(start), lambda: source.seek(whole[start].pts)):  # noqa: B023 - called at once
            go()
            rest = list(iter(source.read, None))
            assert [(frame.index, frame.pts) for frame in rest] == [(frame.index, frame.pts) for frame in whole[start:]]
            assert all(
                np.array_equal(ours.image, theirs.image) for ours, theirs in zip(rest, whole[start:], strict=True)
            )
            assert source.warnings == warnings


def test_a_cut_index_is_missed(tmp_path) -> None:
    """An MP4 whose index stands first tells how much is missing behind a cut."""
    path = film(tmp_path / "a.mp4", "mjpeg", pixels="yuvj420p", muxing={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    frames, warnings = read(path)
    assert 8 < len(frames) < 20
    assert any(re.search(r": announces 20 frames, 1\d are there", warning) for warning in warnings)


def test_frames_that_an_avi_repeats_are_not_missing(tmp_path) -> None:
    """Recorders that drop frames write chunks without data, which the header counts."""
    whole = film(tmp_path / "whole.avi", "mjpeg", pixels="yuvj420p")
    frames, warnings = read(remuxed(tmp_path / "a.avi", whole, change=lambda packet: packet.dts not in (1, 2, 7)))
    assert times(frames) == pytest.approx([index / 25 for index in range(20) if index not in (1, 2, 7)])
    assert warnings == []


def test_an_encrypted_film_is_refused(tmp_path) -> None:
    """By its name, rather than shown as noise."""
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "7" * 32, "encryption_kid": "a" * 32}
    with pytest.raises(SourceError, match=r"a\.mp4: its video is encrypted$"):
        opened(film(tmp_path / "a.mp4", muxing=key))


def test_the_containers_own_start(tmp_path) -> None:
    """The time at which the container says the film starts is told, though its first frame is at 0."""
    path = film(tmp_path / "a.mkv", stamps=[250 + index for index in range(20)])
    source = opened(path)
    assert source.starts_s == pytest.approx(10, abs=0.001)
    frame = source.read()
    assert frame is not None
    assert frame.pts == 0


def test_names_that_ffmpeg_would_take_for_something_else(tmp_path, monkeypatch) -> None:
    """A colon, a percent sign, a query or a leading dash in a name is no protocol, pattern or option."""
    made = film(tmp_path / "made.mp4")
    monkeypatch.chdir(tmp_path)
    for name in ("a:b.mp4", "a%03d.mp4", "a?b=c.mp4", "-i.mp4", "concat:a|b.mp4", "ü 😀.mp4"):
        shutil.copy(made, name)
        source = FileSource(Path(name), LIMIT)
        source.open()
        assert len(list(iter(source.read, None))) == 20
