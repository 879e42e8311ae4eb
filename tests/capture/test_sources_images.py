"""Images and folders of them: whatever an image file may be, a frame is upright 8-bit BGR."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from capture.sources import ImageSource, SourceError
from capture.sources.images import load_image

LIMIT = 10_000


def opened(path: Path, seconds: float = 1.0, limit: int = LIMIT) -> ImageSource:
    """The source, open."""
    source = ImageSource(path, limit, seconds)
    source.open()
    return source


def image_of(path: Path) -> np.ndarray:
    """Its only frame's image."""
    frame = opened(path).read()
    assert frame is not None
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous
    return frame.image


def save(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    """Write an image in the format of the suffix."""
    Image.fromarray(pixels).save(path, **options)
    return path


def test_one_image_is_one_frame(tmp_path: Path) -> None:
    """A single image is the first and the last frame, at time 0, with red where red is."""
    source = opened(save(tmp_path / "a.png", np.full((4, 6, 3), (255, 0, 9), np.uint8)))
    frame = source.read()
    assert frame is not None
    assert (frame.index, frame.pts, frame.last) == (0, 0.0, True)
    assert frame.image.shape == (4, 6, 3)
    assert frame.image[0, 0].tolist() == [9, 0, 255]
    assert source.read() is None
    source.skip_to(1)
    assert source.read() is None


@pytest.mark.parametrize(
    ("pixels", "bgr"),
    [
        (np.full((1, 1), 77, np.uint8), [77, 77, 77]),
        (np.full((5, 4), 0x8123, np.uint16), [0x81, 0x81, 0x81]),
        (np.full((5, 4), 1, bool), [255, 255, 255]),
        (np.full((5, 4, 4), (10, 20, 30, 255), np.uint8), [30, 20, 10]),
        (np.full((5, 4, 4), (200, 200, 200, 0), np.uint8), [0, 0, 0]),
        (np.full((5, 4, 2), (200, 0), np.uint8), [0, 0, 0]),
    ],
    ids=["1x1 grey", "16-bit grey", "1-bit", "opaque alpha", "transparent", "transparent grey"],
)
def test_any_kind_of_pixel_becomes_bgr(tmp_path: Path, pixels: np.ndarray, bgr: list[int]) -> None:
    """Grey is tripled, 16 bits become the upper 8, alpha is laid on black; a single pixel is an image too."""
    image = image_of(save(tmp_path / "a.png", pixels))
    assert image.shape == (*pixels.shape[:2], 3)
    assert (image == bgr).all()


def test_palette_with_transparency(tmp_path: Path) -> None:
    """A palette image shows its colours, the transparent one as black."""
    picture = Image.new("P", (4, 2))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putpixel((0, 0), 1)
    picture.save(tmp_path / "a.png", transparency=1)
    assert image_of(tmp_path / "a.png")[0, :2].tolist() == [[0, 0, 0], [0, 0, 255]]


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    """A photo taken with the camera on its side (orientation 6) comes upright."""
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    image = image_of(save(tmp_path / "a.jpg", pixels, exif=exif, quality=95))
    assert image.shape == (32, 16, 3)
    assert image[2, -2].min() > 200
    assert image[2, 2].max() < 50


def test_a_folder_is_in_natural_order(tmp_path: Path) -> None:
    """2 stands before 10, other and hidden files are passed by, and images are `seconds_per_image` apart."""
    for number in (10, 2, 1):
        save(tmp_path / f"img{number}.PNG", np.full((2, 2, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".img3.png").write_text("no image")
    source = opened(tmp_path, 0.5)
    frames = [source.read() for _ in range(4)]
    assert frames[3] is None
    shown = [(f.index, f.pts, f.last, int(f.image[0, 0, 0])) for f in frames if f]
    assert shown == [(0, 0.0, False, 1), (1, 0.5, False, 2), (2, 1.0, True, 10)]
    source.skip_to(2)
    again = source.read()
    assert again is not None
    assert (again.index, again.pts, again.last, int(again.image[0, 0, 0])) == shown[2]
    assert source.warnings == []


def test_bad_images_in_a_folder_are_left_out_and_told(tmp_path: Path) -> None:
    """A damaged and an oversized image cost a warning each; the others are numbered without a gap."""
    save(tmp_path / "1.png", np.zeros((200, 200), np.uint8))
    save(tmp_path / "2.png", np.full((2, 2, 3), 2, np.uint8))
    (tmp_path / "3.jpg").write_bytes(b"\xff\xd8\xff no more")
    save(tmp_path / "4.png", np.full((2, 2, 3), 4, np.uint8))
    source = opened(tmp_path)
    first, second = source.read(), source.read()
    assert first is not None
    assert second is not None
    assert [(f.index, f.pts, f.last, int(f.image[0, 0, 0])) for f in (first, second)] == [
        (0, 0.0, False, 2),
        (1, 1.0, True, 4),
    ]
    assert len(source.warnings) == 2
    assert "1.png: 200x200 = 40000 pixels are more than the limit of 10000" in source.warnings[0]
    assert "3.jpg: is not an image" in source.warnings[1]


def test_a_folder_without_a_usable_image_is_refused(tmp_path: Path) -> None:
    """Nothing but bad images, or none at all, is a mistake of the user's, in one line with the folder's name."""
    with pytest.raises(SourceError, match="a folder without images"):
        opened(tmp_path)
    (tmp_path / "1.jpg").write_text("no image")
    (tmp_path / "2.png").write_bytes(b"")
    with pytest.raises(SourceError, match=r"none of its 2 images can be used; left out: .*1\.jpg: is not an image"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "is not an image"),
        (b"words", "is not an image"),
        (b"\xff\xd8\xff", "is not an image"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """A missing, empty or other file under an image's name is a SourceError naming it."""
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        opened(path)
    assert str(caught.value).startswith(f"{path}: {reason}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tiff", "ppm"])
def test_a_damaged_image_is_a_frame_or_a_source_error(tmp_path: Path, suffix: str) -> None:
    """However an image file is cut or altered, no other exception comes out of it."""
    good = save(tmp_path / f"good.{suffix}", np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)).read_bytes()
    noise = np.random.default_rng(0)
    refused = 0
    for trial in range(60):
        content = bytearray(good[: noise.integers(len(good))] if trial % 2 else good)
        for at in noise.integers(0, len(content), 4) if content else ():
            content[at] = noise.integers(256)
        path = tmp_path / f"bad.{suffix}"
        path.write_bytes(content)
        try:
            assert image_of(path).shape[2] == 3
        except SourceError:
            refused += 1
    assert refused > 0


def test_an_image_above_the_limit_is_refused_from_its_header(tmp_path: Path) -> None:
    """Both numbers are named although the pixel data is not even there; a bomb makes no difference."""
    path = save(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    content = bytearray(path.read_bytes())
    content[16:24] = (100_000).to_bytes(4, "big") * 2  # width and height in the IHDR chunk
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path.write_bytes(content[:60])
    with pytest.raises(SourceError, match="100000x100000 = 10000000000 pixels are more than the limit of 10000"):
        opened(path)


def test_only_our_own_limit_counts_and_pillows_stays_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's is for whatever else the process opens, and is back after an image that cannot be read, too."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert image_of(save(tmp_path / "a.tiff", np.zeros((90, 90), np.uint8))).shape == (90, 90, 3)
    with pytest.raises(SourceError):
        opened(save(tmp_path / "b.png", np.zeros((200, 200), np.uint8)))
    assert Image.MAX_IMAGE_PIXELS == 10


def test_an_image_that_stays_is_a_video_of_itself(tmp_path: Path) -> None:
    """In front of a camera a picture does not end: the same pixels, each second later."""
    path = save(tmp_path / "a.png", np.full((4, 6, 3), 7, np.uint8))
    source = ImageSource(path, 10_000, 0.5, stays=True)
    source.open()
    frames = [source.read() for _ in range(3)]
    assert [(frame.index, frame.pts, frame.last) for frame in frames] == [
        (0, 0.0, False),
        (1, 0.5, False),
        (2, 1.0, False),
    ]
    assert frames[0].image is frames[2].image


def test_a_large_picture_inside_a_small_icon_is_refused(tmp_path: Path) -> None:
    """An icon's header says 128 pixels a side, whatever the PNG in it has; what counts is what would be decoded."""
    png = io.BytesIO()
    Image.new("RGB", (300, 300)).save(png, "PNG")
    block = b"ic07" + struct.pack(">I", len(png.getvalue()) + 8) + png.getvalue()
    (tmp_path / "icon.png").write_bytes(b"icns" + struct.pack(">I", len(block) + 8) + block)
    with pytest.raises(SourceError, match=r"icon\.png.*exceeds limit"):
        load_image(tmp_path / "icon.png", max_pixels=20_000)
