"""A Pillow image's pixels as a frame: upright 8-bit BGR. Pure."""

import struct

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

DAMAGE = (
    OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, RuntimeError, AssertionError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's readers raise on damaged files and metadata."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DEPTHS = (8, 10, 12, 14, 16, 24, 32)
_SAMPLE_FORMAT, _UNSIGNED = 339, 1  # TIFF 6.0
_OVERSHOOT = 8.0


def bgr(image: Image.Image) -> NDArray[np.uint8]:
    """A loaded image as (H, W, 3) uint8 BGR, C-contiguous, turned as its EXIF or XMP orientation says.

    Grey becomes BGR, 16 bits per colour channel become the upper 8, transparency is composited on black; for grey of
    more than 8 bits see `eight_bits`.
    """
    turn = _TURNS.get(_orientation(image))
    if turn is not None:
        image = image.transpose(turn)
    if image.mode.startswith(("I", "F")):
        grey = eight_bits(_grey(image))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def eight_bits(grey: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey values of any range as uint8, linearly, with 0 as black.

    White is the largest value of the least of 8, 10, 12, 14, 16, 24 and 32 bits that holds all values, since sensors'
    10, 12 or 14 bits are stored in 16, and 16 in 32. Floating-point values have white at 1; what is beyond is
    clipped, unless one value in a hundred is above 8: then they are counts like integers. Negative values and NaN are
    black.
    """
    values = grey.astype(np.float32)
    finite = np.isfinite(values) if grey.dtype.kind == "f" else True
    if grey.dtype.kind == "f" and ((values > _OVERSHOOT) & finite).mean() < 0.01:
        white = 1.0
    else:
        top = values.max(initial=0.0, where=finite)
        white = float(next((2**bits - 1 for bits in _DEPTHS if top < 2**bits), top))
    values = np.nan_to_num(values, copy=False, nan=0.0, posinf=white)
    return np.rint(values.clip(0.0, white) * (255.0 / white)).astype(np.uint8)


def _orientation(image: Image.Image) -> int:
    """The EXIF or XMP orientation, 1 to 8; 1 where there is none or the metadata is rubbish."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        return 1


def _grey(image: Image.Image) -> NDArray[np.generic]:
    """The values of a 16 or 32-bit image; Pillow takes a TIFF's unsigned 32 bits for signed ones."""
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    is_unsigned = image.mode == "I" and tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED
    return values.view(np.uint32) if tags and is_unsigned else values
