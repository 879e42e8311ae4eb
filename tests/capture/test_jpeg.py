"""JPEGs as cameras send them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from capture.sources.jpeg import JpegDecoder


def quarters(orientation):
    """A picture of four colours, whose EXIF names a camera and how it was held; as bytes, and as it is to be seen."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20, :30, 0] = pixels[:20, 30:, 1] = pixels[20:, :30, 2] = 255
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    if orientation:
        exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", exif=exif, quality=95, subsampling=0)
    return file.getvalue(), np.asarray(ImageOps.exif_transpose(Image.open(file)))


@pytest.mark.parametrize("orientation", [None, 1, 3, 6, 8])
def test_exif_turns_a_picture(orientation):
    """As a viewer shows it; what else EXIF says is ignored."""
    content, seen = quarters(orientation)
    image = JpegDecoder("a", 10_000).decode(content)
    assert image.shape == seen.shape
    assert np.abs(image[..., ::-1].astype(int) - seen).max() < 30
