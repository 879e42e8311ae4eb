"""Legibility: worse pictures are believed less, and the reason is what costs most."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from classifier.backends import Classifier, softmax
from classifier.legibility import Legibility, Measure
from classifier.preprocess import InputSpec
from classifier.release import CONFIG, MODELS, Config
from shared.messages import Quality

GOOD = Quality(size=100.0, sharpness=0.2, noise=0.05, brightness=130.0, contrast=45.0, roll=0.0, turned=1.1, mouth=0.9)
FITTED = Legibility(
    log_odds=1.0,
    measures={
        "size": Measure(40.0, 0.2, 0.5),
        "sharpness": Measure(0.15, 0.3, 0.7),
        "noise": Measure(0.1, 0.5, 1.0),
        "brightness": Measure(60.0, 0.0, 0.0),
        "turned": Measure(1.2, 0.1, 2.0),
        "mouth": Measure(0.5, 0.05, 0.4),
    },
)
WORSE = {"size": 8.0, "sharpness": 0.01, "noise": 0.5, "turned": 3.0, "mouth": 0.01}


def but(**changed: float) -> Quality:
    """A good face but for this."""
    return msgspec.structs.replace(GOOD, **changed)


def test_nothing_missing_changes_nothing() -> None:
    """The release's own temperature, and its odds."""
    assert set(FITTED.missing(GOOD).values()) == {0.0}
    assert FITTED.warmth(GOOD) == 1
    assert FITTED.accuracy(GOOD) == pytest.approx(1 / (1 + math.exp(-1)))
    assert FITTED.reason(GOOD) is None
    assert (FITTED.warmth(None), FITTED.reason(None)) == (1, None)


def test_what_is_missing_is_in_powers_of_two_and_in_tenths_for_noise() -> None:
    """Costs add up in the exponent."""
    face = but(size=10.0, noise=0.3)
    missing = FITTED.missing(face)
    assert (missing["size"], missing["noise"]) == (2.0, pytest.approx(2.0))
    assert FITTED.warmth(face) == pytest.approx(math.exp(2 * 0.2 + 2 * 0.5))
    assert FITTED.accuracy(face) == pytest.approx(1 / (1 + math.exp(-(1 - 2 * 0.5 - 2 * 1.0))))


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        (but(size=5.0), "too small"),
        (but(sharpness=0.0), "blurred"),
        (but(noise=0.5), "blurred"),
        (but(noise=0.5, brightness=10.0), "too dark"),
        (but(turned=2.5), "turned away"),
        (but(mouth=0.0), "covered"),
        (but(size=20.0), None),
        (but(size=20.0, turned=2.2), "turned away"),
    ],
)
def test_the_reason_is_what_costs_most(face: Quality, reason: str | None) -> None:
    """A small cost that is not alone to blame is not named."""
    assert FITTED.reason(face) == reason


def test_probabilities_are_flatter_and_their_order_stays() -> None:
    """softmax(logits / T), T by the face's own quality; unknown quality has the release's T."""
    spec = InputSpec(size=8, channels=1, mean=0.5, std=0.5, view=1.0, view_dy=0.0, detail=0)
    logits = np.array([3, 1, 0, 0, 0, 0, -1], np.float32)
    classifier = Classifier("c", "cpu", spec, 2.0, lambda batch: np.tile(logits, (len(batch), 1)), FITTED)
    crops = [np.zeros((8, 8, 3), np.uint8)] * 3
    _, probs = classifier.classify(crops, [GOOD, but(noise=0.3), None])
    assert probs[0] == pytest.approx(softmax(logits[None] / 2)[0])
    assert probs[1] == pytest.approx(softmax(logits[None] / (2 * math.exp(1.0)))[0], abs=1e-6)
    assert probs[2] == pytest.approx(probs[0])
    _, unknown = classifier.classify(crops)
    assert unknown == pytest.approx(np.tile(probs[0], (3, 1)))


@pytest.mark.parametrize("config", sorted(MODELS.glob(f"emotion-*/{CONFIG}")), ids=lambda path: path.parent.name)
@pytest.mark.parametrize("measure", WORSE)
def test_shipped_models_believe_worse_pictures_less(config: Path, measure: str) -> None:
    """Much less of any measure raises the temperature and lowers the accuracy to expect."""
    fitted = msgspec.json.decode(config.read_bytes(), type=Config).legibility
    assert fitted is not None
    good, bad = but(), but(**{measure: WORSE[measure]})
    assert fitted.reason(good) is None
    assert fitted.accuracy(bad) < fitted.accuracy(good)
    assert fitted.warmth(bad) > fitted.warmth(good) == 1


@pytest.mark.parametrize("weight", [b"-0.1", b"NaN"])
def test_a_config_whose_fit_is_wrong_is_refused(weight: bytes) -> None:
    """A negative weight would believe worse pictures more."""
    content = msgspec.json.encode(FITTED).replace(b'"log_temperature":0.2', b'"log_temperature":' + weight)
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(content, type=Legibility)
