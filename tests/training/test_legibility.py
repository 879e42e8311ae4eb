"""The fit of a release to quality: it finds what was built into made samples, and what is stored loads again."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from classifier.backends import softmax
from classifier.legibility import MOST_MISSING, Legibility
from classifier.release import MODELS, load_release, save_release
from shared.messages import EMOTIONS, Quality
from training import legibility, quality
from training.degraded import CLEAN, Samples

PICTURES = 500
BLUR = 0.5
"""By how much ln T grows for each halving of sharpness in the made samples."""


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Faces whose logits are right for T = 1 where they are sharp; where not, they are as sure but less often right."""
    rng = np.random.default_rng(0)
    sharp = Quality(
        size=150.0, sharpness=0.2, noise=0.05, brightness=120.0, contrast=45.0, roll=0.0, turned=1.1, mouth=0.9
    )
    halvings = np.repeat([0.0, 2.0, 4.0], PICTURES)
    said = rng.normal(0, 2.0, (len(halvings), len(EMOTIONS)))
    truth = softmax(said / np.exp(BLUR * halvings)[:, None])
    return Samples(
        picture=np.tile(np.arange(PICTURES), 3),
        label=np.array([rng.choice(len(EMOTIONS), p=share) for share in truth]),
        condition=np.where(halvings > 0, "blur", CLEAN),
        strength=halvings / 4,
        found=halvings < 3,
        quality=[msgspec.structs.replace(sharp, sharpness=0.2 / 2**times) for times in halvings.tolist()],
        logits={"made": said},
    )


def test_the_fit_finds_how_sureness_and_odds_fall(samples: Samples) -> None:
    """Only what differs costs anything, and about as much as was built in."""
    fitted = legibility.fit(samples, "made", 1.0, np.ones(len(samples.label), bool))
    assert fitted.measures["sharpness"].enough == pytest.approx(0.2)
    assert fitted.measures["sharpness"].log_temperature == pytest.approx(BLUR, abs=0.1)
    sharp, blurred = samples.quality[0], samples.quality[-1]
    right = samples.logits["made"].argmax(1) == samples.label
    assert fitted.accuracy(sharp) == pytest.approx(right[:PICTURES].mean(), abs=0.06)
    assert fitted.accuracy(blurred) == pytest.approx(right[-PICTURES:].mean(), abs=0.06)
    assert fitted.reason(sharp) is None
    assert fitted.reason(blurred) == "blurred"


def test_each_half_is_judged_by_the_other(samples: Samples) -> None:
    """The error falls where it was large; the counts are those of the samples."""
    clean, blur = legibility.judge(samples, "made", 1.0)
    assert (clean.condition, clean.n, clean.found, clean.same) == (CLEAN, PICTURES, 1.0, 1.0)
    assert clean.ece == pytest.approx(clean.ece_before)
    assert (blur.n, blur.found) == (2 * PICTURES, 0.5)
    assert blur.ece_before > 0.2
    assert blur.ece < 0.06
    assert (clean.flagged, blur.flagged) == (0, 1)
    assert blur.accuracy_flagged == pytest.approx(blur.accuracy)
    assert blur.accuracy_unflagged is None
    head, rule, first, second = legibility.table([clean, blur])
    assert head.count("|") == rule.count("|") == first.count("|") == second.count("|")


def test_missing_is_bounded(samples: Samples) -> None:
    """A black picture has no sharpness at all."""
    fitted = legibility.fit(samples, "made", 1.0, np.ones(len(samples.label), bool))
    nothing = msgspec.structs.replace(samples.quality[0], sharpness=0.0)
    assert fitted.missing(nothing)["sharpness"] == MOST_MISSING


@pytest.mark.parametrize(("version", "following"), [("6", "6.1"), ("6.1", "6.2"), ("6.9", "6.10")])
def test_the_weights_keep_their_version(version: str, following: str) -> None:
    """What is before the dot is the weights'."""
    assert quality.next_version(version) == following


def test_a_card_has_one_such_section() -> None:
    """A new one takes the old one's place; all else stays."""
    card = "# net 6.1\n\nSeven.\n\n## Measured\n\n1\n\n## How it was made\n\nSo.\n\n## Limits\n\nMany.\n"
    once = quality.with_section(card, "net", "6.2", f"{quality.HEADING}\n\nA table.\n\n")
    twice = quality.with_section(once, "net", "6.3", f"{quality.HEADING}\n\nAnother.\n\n")
    assert once == card.replace("6.1", "6.2").replace("## How", f"{quality.HEADING}\n\nA table.\n\n## How")
    assert twice == once.replace("6.2", "6.3").replace("A table.", "Another.")


def test_a_refitted_release_has_its_weights_and_a_new_version(samples: Samples, tmp_path: Path) -> None:
    """What is stored is what the classifier loads."""
    release = load_release("emotion-lite", MODELS)
    folder = tmp_path / "made"
    folder.mkdir()
    save_release(release, folder)
    (folder / "README.md").write_text("# emotion-lite 1\n\n## How it was made\n")
    before = (folder / "weights.safetensors").read_bytes()
    quality.refit(folder, samples, 3)
    assert (folder / "weights.safetensors").read_bytes() == before
    config = load_release("made", tmp_path).config
    assert config.version == quality.next_version(release.config.version)
    assert isinstance(config.legibility, Legibility)
    card = (folder / "README.md").read_text()
    assert card.startswith(
        f"# emotion-lite {config.version}\n\n{quality.HEADING}\n\nThe pictures as they are, and one in 3 of them worse"
    )
    assert "| blur |" in card
