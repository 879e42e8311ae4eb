"""Pixels of any kind: a frame is upright 8-bit BGR."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from tests.capture.made_pictures import image_of, opened, save


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


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif", "mpo"])
def test_exif_orientation_is_applied(tmp_path: Path, suffix: str) -> None:
    """A photo taken with the camera on its side (orientation 6) comes upright, in every format that carries EXIF."""
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:16, :16] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image = image_of(save(tmp_path / f"a.{suffix}", pixels, exif=exif, quality=95))
    assert image.shape == (64, 32, 3)
    assert image[4, -4].min() > 200
    assert image[4, 4].max() < 50


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("rubbish", [b"Exif\0\0\0\x08\0\x02\x01\x12\0\x03", b"\xff" * 40, b"Exif\0\0II*\0\xff\xff\0\0"])
def test_rubbish_exif_is_ignored(tmp_path: Path, suffix: str, rubbish: bytes) -> None:
    """What cannot be parsed turns nothing, and the picture is shown without a warning."""
    path = save(tmp_path / f"a.{suffix}", np.full((16, 32, 3), 90, np.uint8), exif=rubbish)
    source = opened(path)
    frame = source.read()
    assert frame is not None
    assert frame.image.shape == (16, 32, 3)
    assert source.warnings == []


@pytest.mark.parametrize(
    ("pixels", "grey"),
    [
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[-3, 1.5, np.nan, np.inf, -np.inf]], np.float32), [0, 255, 0, 255, 0]),
        (np.array([[0, 127.5, 200, 255]], np.float32), [0, 128, 200, 255]),
        (np.array([[0, 32767.5, 65535]], np.float32), [0, 128, 255]),
        (np.array([[0, 100, 255]], np.int32), [0, 100, 255]),
        (np.array([[-7, 100, 1023]], np.int32), [0, 25, 255]),
        (np.array([[0, 0x81FF, 0xFFFF]], np.int32), [0, 129, 255]),
        (np.array([[0, 2**30, 2**31 - 1]], np.int32), [0, 64, 128]),
        (np.array([[0, 2048, 4095]], np.uint16), [0, 128, 255]),
        (np.array([[0, 0x8123, 0xFFFF]], np.uint16), [0, 129, 255]),
    ],
    ids=["0 to 1", "beyond", "0 to 255", "0 to 65535", "8 bits", "10 bits", "16 bits", "32 bits", "12 in 16", "16"],
)
def test_more_than_eight_bits_are_scaled(tmp_path: Path, pixels: np.ndarray, grey: list[int]) -> None:
    """Neither a white nor a black picture comes of a scale other than 0 to 255."""
    assert image_of(save(tmp_path / "a.tiff", pixels))[0, :, 0].tolist() == grey


def test_unsigned_32_bits_are_not_taken_for_signed_ones(tmp_path: Path) -> None:
    """A TIFF says which of the two its samples are."""
    values = np.array([[0, 2**31, 2**32 - 1]], np.uint32)
    tifffile.imwrite(tmp_path / "a.tiff", values)
    assert image_of(tmp_path / "a.tiff")[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("mode", "color", "bgr"),
    [
        ("CMYK", (0, 255, 255, 0), [0, 0, 255]),
        ("LA", (200, 128), [100, 100, 100]),
        ("YCbCr", (128, 128, 128), [128, 128, 128]),
    ],
)
def test_other_colour_spaces(tmp_path: Path, mode: str, color: tuple[int, ...], bgr: list[int]) -> None:
    """Print colours, grey with alpha and video colours are shown as they are meant."""
    Image.new(mode, (3, 2), color).save(tmp_path / "a.tiff")
    assert image_of(tmp_path / "a.tiff")[0, 0].tolist() == bgr


def test_sixteen_bits_per_colour(tmp_path: Path) -> None:
    """The upper 8 of each."""
    content = cv2.imencode(".png", np.full((2, 3, 3), (0x1020, 0x80FF, 0xFFFF), np.uint16))[1]
    (tmp_path / "a.png").write_bytes(content.tobytes())
    assert image_of(tmp_path / "a.png")[0, 0].tolist() == [0x10, 0x80, 0xFF]
