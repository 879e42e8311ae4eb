"""Pictures of faces: read like the pipeline's, whatever they are called, and seen the same way everywhere."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classifier.architectures import ARCHITECTURES
from classifier.backends import Classifier
from shared.errors import SourceError
from shared.messages import EMOTIONS
from shared.pictures import load_picture
from tests.training.made_sets import class_folders
from training import data, predict
from training.evaluate import logits_and_probs
from training.pictures import read_face


def content(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def huge() -> bytes:
    """A PNG whose header says 40000x40000."""
    png = bytearray(content(Image.new("L", (4, 4)), "PNG"))
    png[16:24] = (40_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    return bytes(png)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("0.jfif", "JPEG"), ("0.jpe", "JPEG"), ("0.JPG", "JPEG"), ("0", "JPEG"), ("0.data", "PNG")),
        *(("0.gif", "GIF"), ("0.webp", "WEBP"), ("0.avif", "AVIF"), ("0.tga", "TGA"), ("0.jp2", "JPEG2000")),
    ],
)
def test_whatever_the_pipeline_reads_is_read(tmp_path: Path, name: str, kind: str) -> None:
    """By its suffix or its first bytes."""
    place = class_folders(tmp_path / "faces") / "train" / "happy"
    grey = Image.new("RGB", (60, 60), (200, 200, 200))
    (place / name).write_bytes(content(grey, kind))
    (place / "0.png").unlink()
    train = data.read(tmp_path / "faces")[0]["train"]
    (index,) = np.flatnonzero(train.names == f"train/happy/{name}")
    assert train.images[index].mean() == pytest.approx(200, abs=2)


def test_a_part_of_a_picture_is_left_out(tmp_path: Path) -> None:
    """A file that broke off and one of too many pixels are named with their reasons."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8))
    with pytest.raises(SourceError, match=r"0\.jpg: is a damaged image"):
        read_face("0.jpg", content(noise, "JPEG")[:-300])
    with pytest.raises(SourceError, match=r"40000x40000 = 1600000000 pixels .* limit of \d+; scale it down$"):
        read_face("0.png", huge())


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("LA", (48, 48), (200, 0)), 0),
        (Image.new("RGBA", (48, 48), (200, 200, 200, 128)), 100),
        (Image.fromarray(np.full((48, 48), 0x8123, np.uint16)), 0x81),
    ],
    ids=["transparent", "half transparent", "16 bits"],
)
def test_pixels_are_the_pipelines(picture: Image.Image, expected: int) -> None:
    """Alpha is laid on black, 16 bits become the upper 8."""
    assert read_face("0.png", content(picture, "PNG")).mean() == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("turn", [0, 1], ids=["wide", "tall"])
def test_evaluate_and_predict_see_the_same_square(tmp_path: Path, turn: int) -> None:
    """Of a picture that is no square both take the middle; nothing is squashed."""
    picture = np.zeros((48, 100), np.uint8)
    picture[:, 26:74] = np.arange(48) * 5
    path = class_folders(tmp_path) / "validation" / "fear" / "0.png"
    Image.fromarray(np.rot90(picture, turn)).save(path)
    faces = data.read_pictures(tmp_path)
    evaluated = faces.images[faces.labels == EMOTIONS.index("fear")]
    assert (evaluated == np.rot90(picture[:, 26:74], turn)).all()

    seen: list[np.ndarray] = []

    def keep(batch: np.ndarray) -> np.ndarray:
        seen.extend(batch)
        return np.zeros((len(batch), 7), np.float32)

    recorder = Classifier("recorder", "cpu", ARCHITECTURES["emotion-net"].input, 1.0, keep)
    logits_and_probs(recorder, evaluated)
    predict.of_crop(load_picture(path, path.name, 10_000).image, recorder)
    assert (seen[0] == seen[1]).all()
