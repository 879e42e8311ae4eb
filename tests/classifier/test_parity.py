"""The parity promised on FER-2013's validation pictures; `make bench ARGS="--faces DATA"` measures all of them."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.classification import reference
from classifier.backends import load_classifier
from classifier.release import MODELS

FER2013 = Path(__file__).parents[3] / "shared" / "data" / "fer2013.zip"


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """Every 180th validation picture, (48, 48) uint8."""
    with zipfile.ZipFile(FER2013) as archive:
        names = [
            name for name in sorted(archive.namelist()) if name.startswith("validation/") and name.endswith(".jpg")
        ]
        bodies = [np.frombuffer(archive.read(name), np.uint8) for name in names[::180]]
    return [np.asarray(cv2.imdecode(body, cv2.IMREAD_GRAYSCALE), np.uint8) for body in bodies]


@pytest.mark.data
@pytest.mark.skipif(not FER2013.exists(), reason=f"FER-2013 is not at {FER2013}")
@pytest.mark.parametrize("model", ["emotion-cnn", "emotion-lite", "emotion-net"])
def test_the_classifier_says_what_torch_says(model: str, pictures: list[np.ndarray]) -> None:
    """The same label, and 99.9 % of probabilities within 0.02, as the stage loads the model against torch eager."""
    _, ours = load_classifier(model, MODELS, "cpu").classify(pictures, whole=True)
    exact = reference(model, whole=True)(pictures)
    assert len(pictures) == 20
    assert (ours.argmax(1) == exact.argmax(1)).all()
    assert np.quantile(np.abs(ours - exact), 0.999) <= 0.02
