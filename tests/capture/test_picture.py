"""Films come upright, at display aspect and in ordinary colours, whatever their samples, matrices and ranges."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from capture.sources import SourceError
from capture.sources.media import Media
from capture.sources.picture import Painter, shown_size
from tests.capture.films import LIMIT, corners, film, opened, picture, read

LOSSLESS = {"qp": "0"}
ONE = 1 << 16


def matrix(a: int, b: int, c: int, d: int) -> list[int]:
    """A display matrix without translation."""
    return [a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30]


@pytest.mark.parametrize(
    ("size", "aspect", "shown"),
    [
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((1440, 1080), Fraction(4, 3), (1920, 1080)),
        ((320, 360), Fraction(2), (640, 360)),
        ((640, 240), Fraction(1, 2), (640, 480)),
        ((360, 640), Fraction(404, 405), (360, 640)),
        ((640, 360), Fraction(1), (640, 360)),
        ((640, 360), Fraction(1, 4000), (640, 360)),
        ((640, 360), Fraction(99), (640, 360)),
    ],
)
def test_the_narrow_side_is_stretched(size, aspect, shown) -> None:
    """No sample is thrown away; nearly square ones are, and no header can ask for a picture of a thousand times."""
    assert shown_size(size[0], size[1], aspect) == shown


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.mov"])
def test_display_aspect(tmp_path, name) -> None:
    """Samples twice as wide as high are shown twice as wide: the same picture as the film of square samples."""
    squeezed = [picture(index, (128, 96))[:, ::2].copy() for index in range(12)]
    path = film(
        tmp_path / name,
        images=squeezed,
        prepare=lambda stream: setattr(stream, "sample_aspect_ratio", Fraction(2)),
    )
    plain, _ = read(film(tmp_path / "plain.mp4", images=[picture(index, (128, 96)) for index in range(12)]))
    for ours, theirs in zip(read(path)[0], plain, strict=True):
        assert ours.image.shape == (96, 128, 3)
        assert np.abs(ours.image.astype(int) - theirs.image).mean() < 6
        assert corners(ours.image) == "rgb-"


def test_the_pixel_limit_is_that_of_the_picture_shown(tmp_path) -> None:
    """Samples eight times as wide as high make a picture of eight times the pixels."""
    wide = film(
        tmp_path / "a.mp4", prepare=lambda stream: setattr(stream, "sample_aspect_ratio", Fraction(8)), images=2
    )
    with pytest.raises(SourceError, match="512x48 = 24576 pixels are more than the limit of 20000"):
        opened(wide, 20_000)


TURNS = {
    (1, 0, 0, 1): "rgb-",
    (0, 1, -1, 0): "br-g",  # a quarter turn clockwise
    (-1, 0, 0, -1): "-bgr",
    (0, -1, 1, 0): "g-rb",
    (-1, 0, 0, 1): "gr-b",  # mirrored
    (1, 0, 0, -1): "b-rg",
    (0, 1, 1, 0): "rbg-",  # which Matroska cannot say
    (0, -1, -1, 0): "-gbr",
}


@pytest.mark.parametrize(
    ("name", "turned"),
    [(name, turn) for name in ("a.mp4", "a.mov", "a.mkv") for turn in list(TURNS)[: 6 if name == "a.mkv" else 8]],
)
def test_turned_and_mirrored(tmp_path, name, turned) -> None:
    """A display matrix of quarter turns, mirrored or not, is applied as ffplay does, in every container with one."""
    path = film(tmp_path / name, images=2, prepare=lambda stream: stream.set_display_matrix(matrix(*turned)))
    image = read(path)[0][1].image
    assert corners(image) == TURNS[turned]
    assert image.shape == ((48, 64, 3) if turned[0] else (64, 48, 3))
    assert image.flags.c_contiguous


def test_a_turn_told_with_key_frames_holds_for_those_behind_them(tmp_path) -> None:
    """A camera that is hung upside down says so in the stream itself (H.264's display orientation message)."""
    made = film(tmp_path / "made.ts", options={"x264opts": "keyint=5:pic-struct=1", "bf": "2"})
    with av.open(str(made)) as media, av.open(str(tmp_path / "a.ts"), "w") as output:
        stream = output.add_stream_from_template(media.streams.video[0])
        inserting = BitStreamFilterContext("h264_metadata=display_orientation=insert:rotate=90", media.streams.video[0])
        for packet in media.demux(video=0):
            for told in inserting.filter(packet) if packet.size else ():
                told.stream = stream
                output.mux(told)
    frames, _ = read(tmp_path / "a.ts")
    assert [frame.size for frame in frames] == [(48, 64)] * 20
    assert {corners(frame.image) for frame in frames} == {"g-rb"}
    source = opened(tmp_path / "a.ts")
    source.seek(frames[7].pts)
    sought = source.read()
    assert sought is not None
    assert np.array_equal(sought.image, frames[7].image)
    source.close()


COLOURS = [
    # matrix, range, and the samples of pure red in them (ITU-R BT.601, BT.709, BT.2020)
    (Colorspace.ITU601, ColorRange.MPEG, (81, 90, 240)),
    (Colorspace.ITU601, ColorRange.JPEG, (76, 85, 255)),
    (Colorspace.ITU709, ColorRange.MPEG, (63, 102, 240)),
    (Colorspace.ITU709, ColorRange.JPEG, (54, 99, 255)),
]


@pytest.mark.parametrize(("space", "span", "samples"), COLOURS)
def test_the_matrix_and_range_are_the_films_own(tmp_path, space, span, samples) -> None:
    """Red is red by each matrix and range that a film can name, to a few levels."""

    def red(_: av.VideoFrame) -> av.VideoFrame:
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane, level in zip(frame.planes, samples, strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame.pts, frame.time_base = next(numbers), Fraction(1, 25)
        frame.colorspace, frame.color_range = space, span
        return frame

    def named(stream) -> None:
        stream.codec_context.colorspace, stream.codec_context.color_range = space, span

    numbers = iter(range(3))
    path = film(tmp_path / "a.mp4", images=3, options=LOSSLESS, prepare=named, touch=red)
    assert read(path)[0][1].image.mean((0, 1)) == pytest.approx([0, 0, 255], abs=5)


@pytest.mark.parametrize("matrix_number", range(18))
def test_no_colour_matrix_stops_a_film(matrix_number) -> None:
    """A matrix that FFmpeg's converter lacks (YCgCo, ICtCp, reserved numbers) is taken for none."""
    frame = av.VideoFrame.from_ndarray(picture(0), "bgr24").reformat(format="yuv420p")
    frame.colorspace = matrix_number
    assert corners(Painter("a").paint(frame, (64, 48))) == "rgb-"


def test_a_pixel_format_that_cannot_be_shown_is_named() -> None:
    """It ends the source in one line, not with a traceback."""
    with pytest.raises(SourceError, match="a: frames of the pixel format rgbaf32le cannot be shown: Op"):
        Painter("a").paint(av.VideoFrame(64, 48, "rgbaf32le"), (64, 48))


def hdr(stream, transfer: int) -> None:
    context = stream.codec_context
    context.color_trc, context.color_primaries = transfer, ColorPrimaries.BT2020
    context.colorspace, context.color_range = Colorspace.BT2020, ColorRange.MPEG


@pytest.mark.parametrize(
    ("transfer", "white", "grey"),
    # code values of reference white and of an 18 % grey card: 203 and 26 cd/m² (ITU-R BT.2408)
    [(ColorTrc.ARIB_STD_B67, 0.75, 0.38), (ColorTrc.SMPTE2084, 0.58, 0.38)],
)
def test_hdr_becomes_ordinary(tmp_path, transfer, white, grey) -> None:
    """Reference white comes out nearly white, 18 % grey as ordinary grey, a highlight no darker than white."""
    levels = [round(16 + 219 * code) for code in (grey, white, 0.95)]

    def light(_: av.VideoFrame) -> av.VideoFrame:
        number = next(numbers)
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane, level in zip(frame.planes, (levels[number], 128, 128), strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame = frame.reformat(format="yuv420p10le")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        return frame

    numbers = iter(range(3))
    path = film(
        tmp_path / "a.mp4",
        "libx265",
        images=3,
        pixels="yuv420p10le",
        options={"x265-params": "log-level=none:lossless=1"},
        prepare=lambda stream: hdr(stream, transfer),
        touch=light,
    )
    seen = [frame.image.mean() for frame in read(path)[0]]
    assert seen == pytest.approx([255 * (26 / 203) ** (1 / 2.2), 240, 253], abs=8)
    assert seen == sorted(seen)


def test_hdr_colours_stay_themselves(tmp_path) -> None:
    """The wide primaries are brought to ordinary ones: red is redder than its code values say, greys are grey."""
    path = film(
        tmp_path / "a.mp4",
        "libx265",
        images=3,
        pixels="yuv420p10le",
        prepare=lambda stream: hdr(stream, ColorTrc.ARIB_STD_B67),
    )
    image = read(path)[0][1].image
    assert corners(image) == "rgb-"
    assert np.ptp(image[-6, -6].astype(int)) < 12


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("a.mov", "prores_ks", "yuva444p10le"), ("a.mov", "png", "rgba"), ("a.mkv", "ffv1", "bgra")],
)
def test_transparency_is_on_black(tmp_path, name, codec, pixels) -> None:
    """What is transparent is black, as in pictures; what is opaque is what it is."""
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[24:] = 0
    numbers = iter(range(3))

    def transparent(_: av.VideoFrame) -> av.VideoFrame:
        number = next(numbers)
        frame = av.VideoFrame.from_ndarray(np.dstack([picture(number), alpha]), "bgra").reformat(format=pixels)
        frame.pts, frame.time_base = number, Fraction(1, 25)
        return frame

    options = {"profile": "4444"} if codec == "prores_ks" else {}
    image = read(film(tmp_path / name, codec, 3, pixels=pixels, options=options, touch=transparent))[0][1].image
    assert corners(image)[:2] == "rg"
    assert image[26:].max() < 12


def test_vp9_with_alpha_and_ten_bits(tmp_path) -> None:
    """A WebM with an alpha channel, and films of ten bits a sample, are decoded in their colours."""
    for name, codec, pixels in [
        ("a.webm", "libvpx-vp9", "yuva420p"),
        ("b.mp4", "libx265", "yuv422p10le"),
        ("c.mkv", "libsvtav1", "yuv420p10le"),
        ("d.mp4", "libx264", "yuv444p10le"),
    ]:
        frames, warnings = read(film(tmp_path / name, codec, 5, pixels=pixels))
        assert [corners(frame.image) for frame in frames] == ["rgb-"] * 5, name
        assert warnings == []


@pytest.mark.parametrize("size", [(63, 47), (50, 38), (2, 2), (1, 1)])
def test_odd_sizes(tmp_path, size) -> None:
    """Lines whose length is no multiple of the decoder's alignment are cut to size."""
    image = np.full((size[1], size[0], 3), (20, 120, 220), np.uint8)
    frames, _ = read(film(tmp_path / "a.mov", "png", [image] * 2, pixels="rgb24"))
    assert np.array_equal(frames[1].image, image)
    assert frames[1].image.flags.c_contiguous


def test_a_frames_buffer_goes_back_at_once(tmp_path) -> None:
    """The decoder gets a painted frame's buffer back for the next but one, not when Python looks for cycles."""
    media = Media(str(film(tmp_path / "a.mkv", "ffv1")), "a", LIMIT)
    painter = Painter("a")
    buffers = set()
    for decoded in media.frames():
        painter.paint(decoded.frame, decoded.size)
        buffers.add(decoded.frame.planes[0].buffer_ptr)
    media.close()
    assert len(buffers) <= 3
