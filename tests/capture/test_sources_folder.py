"""Folders of pictures: what is taken, in which order, and that what is left out is told."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from capture.sources import FolderSource, SourceError
from tests.capture.heic import heic

LIMIT = 10_000


def opened(path: Path, seconds: float = 1.0) -> FolderSource:
    """The source, open."""
    source = FolderSource(path, LIMIT, seconds)
    source.open()
    return source


def save(path: Path, grey: int, size: tuple[int, int] = (2, 2)) -> None:
    """Write an image of one colour in the format of the suffix."""
    Image.fromarray(np.full((*size, 3), grey, np.uint8)).save(path)


def test_a_folder_is_in_natural_order(tmp_path: Path) -> None:
    """2 stands before 10, and images are `seconds_per_image` apart."""
    for number in (10, 2, 1):
        save(tmp_path / f"img{number}.PNG", number)
    source = opened(tmp_path, 0.5)
    frames = list(iter(source.read, None))
    shown = [(f.index, f.pts, f.last, int(f.image[0, 0, 0])) for f in frames]
    assert shown == [(0, 0.0, False, 1), (1, 0.5, False, 2), (2, 1.0, True, 10)]
    source.skip_to(2)
    again = source.read()
    assert again is not None
    assert (again.index, again.pts, again.last, int(again.image[0, 0, 0])) == shown[2]
    assert source.warnings == []


def test_every_format_that_can_be_read_is_a_picture(tmp_path: Path) -> None:
    """By whatever suffix Pillow knows, or by the first bytes where the suffix says nothing."""
    names = ["a.apng", "b.avif", "c.dib", "d.gif", "e.jfif", "f.jpe", "g.jp2", "h.qoi", "i.tga", "j.webp", "k.ico"]
    for number, name in enumerate(names):
        save(tmp_path / name, 20 * number, (16, 16))
    (tmp_path / "k_.heic").write_bytes(heic([[230]], (64, 64)))
    save(tmp_path / "l.png", 240, (16, 16))
    (tmp_path / "l.png").rename(tmp_path / "l.png.txt")
    save(tmp_path / "m.jpg", 250, (16, 16))
    (tmp_path / "m.jpg").rename(tmp_path / "m")
    source = opened(tmp_path)
    greys = [int(frame.image[8, 8, 0]) for frame in iter(source.read, None)]
    assert greys == pytest.approx([20 * number for number in range(len(names))] + [230, 240, 250], abs=3)
    assert source.warnings == []


def test_what_is_left_out_is_counted_and_named_once(tmp_path: Path) -> None:
    """Videos, folders and hidden files are named by kind; a pipe, which would block, is not even opened."""
    save(tmp_path / "1.png", 1)
    (tmp_path / ".2.png").write_bytes((tmp_path / "1.png").read_bytes())
    for name in ("b.mp4", "a.mov", "c", "d.mp4"):
        (tmp_path / name).write_bytes(b"\0\0\0\x20ftypisom" + bytes(20))
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(tmp_path / "s"))
        source = opened(tmp_path)
    assert [frame.index for frame in iter(source.read, None)] == [0]
    assert source.warnings == [
        f"{tmp_path}: left out: 1 broken link (gone.png), 1 folder (sub), 1 hidden file (.2.png), "
        "1 other file (notes.txt), 2 special files (pipe.png, s), 4 videos (a.mov, b.mp4, c, …)"
    ]


def test_bad_images_are_left_out_and_told(tmp_path: Path) -> None:
    """A damaged and an oversized image cost a warning each; the others are numbered without a gap."""
    save(tmp_path / "1.png", 1, (200, 200))
    save(tmp_path / "2.png", 2)
    (tmp_path / "3.jpg").write_bytes(b"\xff\xd8\xff no more")
    save(tmp_path / "4.png", 4)
    source = opened(tmp_path)
    shown = [(f.index, f.pts, f.last, int(f.image[0, 0, 0])) for f in iter(source.read, None)]
    assert shown == [(0, 0.0, False, 2), (1, 1.0, True, 4)]
    assert len(source.warnings) == 2
    assert "1.png: 200x200 = 40000 pixels are more than the limit of 10000" in source.warnings[0]
    assert "3.jpg: is not an image" in source.warnings[1]


def test_a_picture_that_lacks_its_end_is_told(tmp_path: Path) -> None:
    """It is shown as far as it goes, as it would be alone."""
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:-300])
    source = opened(tmp_path)
    assert source.read() is not None
    assert ["shown as far as it goes" in warning for warning in source.warnings] == [True]


def test_of_an_animation_the_first_frame_is_shown(tmp_path: Path) -> None:
    """A folder is a row of pictures, each for the same time; which of them would have moved is told."""
    frames = [Image.new("L", (4, 4), 50 * n) for n in range(1, 4)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    save(tmp_path / "b.png", 9)
    source = opened(tmp_path)
    assert [int(f.image[0, 0, 0]) for f in iter(source.read, None)] == [50, 9]
    assert source.warnings == [f"{tmp_path}: only the first frame of 1 animation (a.gif)"]


def test_a_folder_without_a_usable_image_is_refused(tmp_path: Path) -> None:
    """Nothing but bad images, or none at all, is a mistake of the user's, in one line with the folder's name."""
    with pytest.raises(SourceError, match=f"^{tmp_path}: a folder without pictures$"):
        opened(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(20))
    with pytest.raises(SourceError, match=r"a folder without pictures; left out: 1 video \(a\.mp4\)"):
        opened(tmp_path)
    (tmp_path / "1.jpg").write_text("no image")
    (tmp_path / "2.png").write_bytes(b"")
    with pytest.raises(SourceError, match=r"none of its 2 pictures can be used; left out: .*2\.png: is not an image"):
        opened(tmp_path)


def test_a_folder_that_is_not_there_or_closed(tmp_path: Path) -> None:
    """The operating system's word, in one line."""
    with pytest.raises(SourceError, match=f"^{tmp_path / 'no'}: No such file or directory$"):
        opened(tmp_path / "no")
