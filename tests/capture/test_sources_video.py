"""Video files: every decodable frame once, at its own time, and one clear line about files that are none."""

import struct
import zlib
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from capture.sources import FileSource, SourceError
from capture.sources.video import quiet_opencv

LIMIT = 1_000_000
DATA = Path(__file__).parents[2] / "../shared/data/videos"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the development data folder ../shared/data is not there")


def write_video(path: Path, fourcc: str = "MJPG", count: int = 20, size: tuple[int, int] = (160, 120)) -> Path:
    """Noise that shows its number in the blue channel and marks the upper left corner red."""
    quiet_opencv()  # FFmpeg's log level is read once, here if this is its first use
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*fourcc), 10, size)
    assert writer.isOpened()
    noise = np.random.default_rng(0)
    for index in range(count):
        frame = noise.integers(0, 90, (size[1], size[0], 3), np.uint8)
        frame[..., 0] = index * 10
        frame[: size[1] // 4, : size[0] // 4] = (0, 0, 255)
        writer.write(frame)
    writer.release()
    return path


def read_all(source: FileSource) -> list[tuple[int, float, bool, int]]:
    """(index, pts, last, checksum of the image) of what is still to come."""
    frames = []
    while (frame := source.read()) is not None:
        frames.append((frame.index, frame.pts, frame.last, zlib.crc32(frame.image.data)))
    return frames


def opened(path: Path, limit: int = LIMIT) -> FileSource:
    """The source, open."""
    source = FileSource(path, limit)
    source.open()
    return source


@pytest.mark.parametrize(("name", "fourcc"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "MJPG")])
def test_every_frame_once_and_the_last_is_known(tmp_path: Path, name: str, fourcc: str) -> None:
    """All frames come in order at their times, only the last one says so, and then there is None for ever."""
    source = opened(write_video(tmp_path / name, fourcc))
    frames = read_all(source)
    assert [index for index, *_ in frames] == list(range(20))
    assert [pts for _, pts, *_ in frames] == pytest.approx([index / 10 for index in range(20)])
    assert [last for _, _, last, _ in frames] == [False] * 19 + [True]
    assert source.read() is None
    assert source.warnings == []
    source.close()
    source.close()


def test_frames_are_independent_bgr_images(tmp_path: Path) -> None:
    """A frame is (H, W, 3) uint8 BGR in one piece, and reading on does not change it."""
    source = opened(write_video(tmp_path / "a.avi"))
    first = source.read()
    assert first is not None
    kept = first.image.copy()
    read_all(source)
    assert np.array_equal(first.image, kept)
    assert first.image.shape == (120, 160, 3)
    assert first.image.dtype == np.uint8
    assert first.image.flags.c_contiguous
    assert first.image[5, 5] == pytest.approx([0, 0, 255], abs=30)


def test_reopened_it_starts_anew(tmp_path: Path) -> None:
    """After the end, or in the middle, `open` starts at frame 0 with the same frames."""
    source = opened(write_video(tmp_path / "a.mp4", "mp4v"))
    whole = read_all(source)
    source.open()
    source.read()
    source.open()
    assert read_all(source) == whole


@pytest.mark.parametrize("index", [0, 1, 7, 19, 20, 500])
def test_skipping_changes_nothing_behind_it(tmp_path: Path, index: int) -> None:
    """After `skip_to`, forwards or back, the rest of the run is exactly that of an unbroken one."""
    source = opened(write_video(tmp_path / "a.mp4", "mp4v"))
    whole = read_all(source)
    source.open()
    source.read()
    source.skip_to(index)
    assert read_all(source) == whole[index:]
    source.skip_to(3)
    source.skip_to(index)
    assert read_all(source) == whole[index:]


def test_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    """`pts` is the container's time stamp of the very frame, not its number over a mean rate."""
    images = [Image.fromarray(np.full((48, 64, 3), value, np.uint8)) for value in range(0, 120, 20)]
    durations = [40, 80, 120, 500, 40, 200]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=durations)
    source = opened(tmp_path / "a.gif")
    frames = [source.read() for _ in images]
    assert [frame.pts for frame in frames if frame] == pytest.approx([0, 0.04, 0.12, 0.24, 0.74, 0.78])
    assert [int(frame.image.mean()) for frame in frames if frame] == [0, 20, 40, 60, 80, 100]


def test_rotation_metadata_is_applied(tmp_path: Path) -> None:
    """A video filmed with the phone on its side comes upright, and its pixel limit is that of the picture."""
    path = write_video(tmp_path / "a.mp4", "mp4v")
    content = bytearray(path.read_bytes())
    matrix = content.find(b"tkhd") + 4 + 40
    one = 1 << 16
    content[matrix : matrix + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    frame = opened(path).read()
    assert frame is not None
    assert frame.image.shape == (160, 120, 3)
    assert frame.image.flags.c_contiguous
    assert frame.image[5, -5] == pytest.approx([0, 0, 255], abs=30)


def test_truncated_video_gives_what_is_there_and_a_warning(tmp_path: Path) -> None:
    """Of a video cut in the middle all frames before the cut are read, then both counts are reported once."""
    path = write_video(tmp_path / "a.avi")
    whole = read_all(opened(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    source = opened(path)
    frames = read_all(source)
    assert 5 < len(frames) < 19
    # the picture the cut goes through may be decoded in part
    assert [frame[3] for frame in frames[:-1]] == [frame[3] for frame in whole[: len(frames) - 1]]
    assert frames[-1][2] is True
    assert source.warnings == [f"{path}: announces 20 frames, {len(frames)} are there"]
    source.open()
    assert source.warnings == []


def test_damage_in_the_middle_costs_only_what_it_hit(tmp_path: Path) -> None:
    """Behind a frame that cannot be decoded the video goes on, numbered without a gap, and skipping stays exact."""
    path = write_video(tmp_path / "a.avi")
    whole = read_all(opened(path))
    content = bytearray(path.read_bytes())
    frame_6, frame_8 = (content.find(b"\xff\xd8", *span) for span in spans(content, (6, 8)))
    content[frame_6:frame_8] = bytes(frame_8 - frame_6)
    path.write_bytes(content)
    source = opened(path)
    frames = read_all(source)
    assert 16 <= len(frames) < 20
    assert [index for index, *_ in frames] == list(range(len(frames)))
    assert frames[-1][3] == whole[-1][3]
    assert source.warnings == [
        f"{path}: 1 packet of the video could not be decoded, first at 0.60 s "
        "(Invalid data found when processing input)",
        f"{path}: announces 20 frames, {len(frames) + 1} are there",
    ]
    source.skip_to(10)
    assert read_all(source) == frames[10:]


def spans(content: bytearray, numbers: tuple[int, ...]) -> list[tuple[int, int]]:
    """Where in an MJPG AVI the chunks with these numbers lie."""
    starts, at = [], content.find(b"movi")
    while (at := content.find(b"00dc", at + 4)) >= 0:
        starts.append(at)
    return [(starts[number], starts[number + 1]) for number in numbers]


def cut_before_index(path: Path) -> None:
    """An MP4 without the end of its index, which stands last."""
    write_video(path, "mp4v")
    path.write_bytes(path.read_bytes()[:-200])


def header_only(path: Path) -> None:
    """An AVI that announces frames and has none."""
    write_video(path)
    path.write_bytes(path.read_bytes()[:5700])


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("missing.mp4", lambda path: None, "No such file"),
        ("empty.mp4", lambda path: path.write_bytes(b""), "is empty (0 bytes)"),
        ("text.mp4", lambda path: path.write_text("a letter\n" * 99), "is not a video"),
        ("cut.mp4", cut_before_index, "is not a video, or is damaged"),
        ("head.avi", header_only, "no frame in it can be decoded"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, capfd, name, make, reason) -> None:
    """A file that gives no frame is a SourceError of one line with its name and the reason; libraries say nothing."""
    make(tmp_path / name)
    capfd.readouterr()
    with pytest.raises(SourceError) as caught:
        opened(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_video_above_the_pixel_limit_is_refused(tmp_path: Path) -> None:
    """The announced size decides, before a frame is decoded; both numbers are named; the limit itself is allowed."""
    path = write_video(tmp_path / "a.avi")
    opened(path, 19_200)
    with pytest.raises(SourceError, match="160x120 = 19200 pixels are more than the limit of 19199"):
        opened(path, 19_199)


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("name", "count", "shape", "end"),
    [
        ("liveportrait_s18.mp4", 282, (720, 1280, 3), 281 / 30),
        ("asl_book.mkv", 109, (480, 640, 3), 3.6),
        ("pyfeat_noface_face.mov", 169, (540, 960, 3), 6.345),
    ],
)
def test_real_clips(name: str, count: int, shape: tuple[int, ...], end: float) -> None:
    """Real recordings (H.264 with reordered frames, Matroska, uneven times) come whole, and alike behind a skip."""
    source = opened(DATA / name)
    frames = read_all(source)
    assert len(frames) == count
    assert frames[-1][:3] == (count - 1, pytest.approx(end, abs=1e-3), True)
    assert all(a[1] < b[1] for a, b in pairwise(frames))
    assert source.warnings == []
    source.skip_to(count // 2)
    first = source.read()
    assert first is not None
    assert first.image.shape == shape
    assert read_all(source) == frames[count // 2 + 1 :]
