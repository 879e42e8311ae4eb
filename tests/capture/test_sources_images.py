"""Images and animations: whatever an image file may be, a frame is upright 8-bit BGR."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from capture.sources import ImageSource, SourceError
from shared.pictures import load_picture
from tests.capture.heic import heic
from tests.capture.made_pictures import LIMIT, image_of, opened, save

CASES = Path(__file__).parents[2] / "../shared/cases/media"


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
    ("suffix", "options"), [("gif", {}), ("png", {}), ("webp", {"lossless": True}), ("avif", {"quality": 95})]
)
def test_an_animation_is_a_recording(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    """All frames come at their own times, those without a reasonable duration 0.1 s apart as in browsers."""
    frames = [Image.new("RGB", (16, 16), (60 * n, 60 * n, 60 * n)) for n in range(4)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[50, 200, 1, 40], **options)
    source = ImageSource(path, LIMIT, stays=True)
    source.open()
    shown = list(iter(source.read, None))
    assert [(f.index, f.last) for f in shown] == [(0, False), (1, False), (2, False), (3, True)]
    assert [f.pts for f in shown] == pytest.approx([0, 0.05, 0.25, 0.35])
    assert [int(f.image[8, 8, 0]) for f in shown] == pytest.approx([0, 60, 120, 180], abs=3)
    source.skip_to(2)
    again = source.read()
    assert again is not None
    assert (again.index, again.pts, again.last) == (2, shown[2].pts, False)
    assert np.array_equal(again.image, shown[2].image)
    source.close()


def test_a_pngs_still_is_no_frame_of_its_animation(tmp_path: Path) -> None:
    """It is for programs that show no animations."""
    frames = [Image.new("L", (4, 4), 50 * n) for n in range(4)]
    frames[0].save(tmp_path / "a.png", save_all=True, default_image=True, append_images=frames[1:], duration=70)
    shown = list(iter(opened(tmp_path / "a.png").read, None))
    assert [(f.index, round(f.pts, 3), int(f.image[0, 0, 0])) for f in shown] == [
        (0, 0.0, 50),
        (1, 0.07, 100),
        (2, 0.14, 150),
    ]


def test_pages_are_no_animation(tmp_path: Path) -> None:
    """Of a document in pages the first is shown."""
    pages = [Image.new("L", (4, 4), 50 + n) for n in range(3)]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    assert [int(f.image[0, 0, 0]) for f in iter(opened(tmp_path / "a.tiff").read, None)] == [50]


def test_a_damaged_animation_as_far_as_it_goes(tmp_path: Path) -> None:
    """The frames before the damage come, and a warning."""
    noise = np.random.default_rng(0)
    frames = [Image.fromarray(noise.integers(0, 256, (32, 32), dtype=np.uint8)) for _ in range(5)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=50)
    content = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(content[: len(content) * 7 // 10])
    source = opened(tmp_path / "a.gif")
    assert [f.index for f in iter(source.read, None)] == [0, 1, 2]
    assert len(source.warnings) == 1
    assert "a.gif: is damaged behind its frame 2" in source.warnings[0]


@pytest.mark.parametrize(("suffix", "missing"), [("jpg", 2), ("jpg", 300), ("png", 300), ("bmp", 300), ("gif", 300)])
def test_a_picture_that_lacks_its_end_is_shown_as_far_as_it_goes(tmp_path: Path, suffix: str, missing: int) -> None:
    """A copy that broke off; the warning says so, and Pillow is strict again afterwards."""
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)
    whole = image_of(save(tmp_path / f"whole.{suffix}", pixels))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes((tmp_path / f"whole.{suffix}").read_bytes()[:-missing])
    source = opened(path)
    frame = source.read()
    assert frame is not None
    upper = slice(16, 32) if suffix == "bmp" else slice(0, 16)  # a BMP begins at the bottom
    assert np.array_equal(frame.image[upper], whole[upper])
    assert len(source.warnings) == 1
    assert source.warnings[0].startswith(f"{path}: is a damaged image (")
    assert source.warnings[0].endswith(", shown as far as it goes")
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_picture_of_which_nothing_can_be_decoded_is_refused(tmp_path: Path) -> None:
    """A grey area instead of a picture would be a lie."""
    content = save(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)).read_bytes()
    (tmp_path / "a.png").write_bytes(content[:60])
    with pytest.raises(SourceError, match=r"a\.png: is a damaged image"):
        opened(tmp_path / "a.png")


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_a_photo_in_tiles_comes_whole_and_upright(tmp_path: Path, turns: int) -> None:
    """Telephones cut photos into tiles, which are no pictures of their own, and turn them by the container's word."""
    rows = [[20, 80, 140], [60, 120, 230]]
    (tmp_path / "a.heic").write_bytes(heic(rows, (150, 66), turns))
    (tmp_path / "a").write_bytes((tmp_path / "a.heic").read_bytes())
    for name in ("a.heic", "a"):
        image = np.rot90(load_picture(tmp_path / name, name, 10_000).image, -turns)
        assert image.shape == (66, 150, 3)
        assert [[int(image[y, x, 0]) for x in (30, 100, 149)] for y in (30, 65)] == rows


def test_a_photo_without_its_tiles_is_refused(tmp_path: Path) -> None:
    """A copy that broke off in the last tile, too: the library decodes all tiles or none."""
    whole = heic([[20, 80]], (128, 64))
    for length in (30, 400, len(whole) - 40):
        (tmp_path / "a.heic").write_bytes(whole[:length])
        with pytest.raises(SourceError, match=r"a\.heic: is "):
            opened(tmp_path / "a.heic")


@pytest.mark.skipif(not CASES.is_dir(), reason="the development data folder ../shared/cases is not there")
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "size"), [("grid.heic", (1080, 1920)), ("garbage.webp", (360, 640)), ("exif_rubbish.png", (360, 640))]
)
def test_real_pictures_that_failed(name: str, size: tuple[int, int]) -> None:
    """A photo in tiles comes whole, rubbish metadata does no harm."""
    source = ImageSource(CASES / name, 4_000_000)
    source.open()
    frame = source.read()
    assert frame is not None
    assert frame.image.shape[:2] == size
    assert frame.image.std() > 20
    assert source.warnings == []


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
        load_picture(tmp_path / "icon.png", "icon.png", max_pixels=20_000)
