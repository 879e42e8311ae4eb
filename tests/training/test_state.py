"""A training run: it learns, it can be broken and resumed, and what it leaves can be classified with."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from classifier.architectures import ARCHITECTURES
from classifier.backends import load_classifier
from classifier.graph import pooled_weight
from classifier.release import MODELS, load_release, save_release
from classifier.stage import ClassifierStage
from shared import messages as m
from shared.errors import ConfigurationError
from shared.identity import identify
from shared.settings import Settings
from shared.stage import Place
from shared.topics import Envelope
from training import data, train
from training.checkpoint import Checkpoint, DivergedError
from training.evaluate import logits_and_probs
from training.export import release_of
from training.recipes import PRESETS, changed
from training.state import TrainState
from training.targets import Pictures

pytestmark = pytest.mark.usefixtures("small", "one_thread")

CPU = torch.device("cpu")
RECIPE = replace(
    PRESETS["emotion-cnn"],
    batch=7,
    epochs=2,
    optimizer="sgd",
    rate=0.01,
    average=0.5,
    teacher="",
    tied=False,
    dropout=0.5,
    mixup=0.0,
    unmixed=0,
)


def step(run: TrainState, faces: data.Faces) -> float:
    """One step on the seven pictures whose turn it is."""
    index = np.arange(7) + 7 * (run.step % 4)
    seven = Pictures.of(faces.take(index), run.recipe, CPU)
    return float(train.step(run, seven.images, seven.labels, seven.target, per_epoch=4))


def released(run: TrainState, faces: data.Faces, folder: Path) -> np.ndarray:
    """Trains a little and releases that as `folder`/tiny; the logits (N, 7) that training's evaluation gives."""
    for _ in range(8):
        step(run, faces)
    run.checkpoint().write(folder / "run.pt")
    run.mixed_precision = False
    expected = train.logits_of(run, faces.images)
    save_release(release_of(Checkpoint.read(folder / "run.pt"), "tiny", "1"), folder / "tiny")
    return expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_loss_falls(faces: data.Faces, architecture: str) -> None:
    """Twelve steps on an easy task bring the loss well below guessing."""
    recipe = replace(RECIPE, architecture=architecture, epochs=4, label_smoothing=0.0)
    run = TrainState(changed(recipe, {"rate": 0.05, "degrees": 0, "shift": 0, "scale": 0, "erase": 0}), 0, CPU)
    losses = [step(run, faces) for _ in range(12)]
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:4])


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ("emotion-cnn", {}),
        ("emotion-cnn", {"optimizer": "adam", "mixup": 0.4, "tied": True, "teacher": "emotion-net"}),
        ("emotion-net", {"blocks": (32, 64)}),
    ],
)
def test_a_resumed_run_ends_like_an_unbroken_one(
    faces: data.Faces, tmp_path: Path, architecture: str, changes: dict[str, Any]
) -> None:
    """Weights, averages and momentum are bit-equal after being saved and resumed in mid-epoch."""
    unbroken = TrainState(replace(RECIPE, architecture=architecture, **changes), 3, CPU)
    for _ in range(3):
        step(unbroken, faces)
    unbroken.checkpoint().write(tmp_path / "middle.pt")
    resumed = TrainState.resume(tmp_path / "middle.pt", CPU)
    losses = [[step(run, faces) for _ in range(3)] for run in (unbroken, resumed)]
    assert losses[0] == losses[1]
    assert unbroken.epoch_means() == resumed.epoch_means()
    for kind in ("network", "averaged"):
        first, second = (getattr(run.checkpoint(), kind) for run in (unbroken, resumed))
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_tied_weights_stay_tied(faces: data.Faces, tmp_path: Path) -> None:
    """2x2 positions keep one weight from the first step on, also in a resumed run, and average pooling does."""
    run = TrainState(replace(RECIPE, optimizer="adam", tied=True, weight_decay=0.05), 0, CPU)
    before = run.network.head[0].weight.detach().clone()
    step(run, faces)
    run.checkpoint().write(tmp_path / "middle.pt")
    run = TrainState.resume(tmp_path / "middle.pt", CPU)
    step(run, faces)
    weight = run.network.head[0].weight.detach()
    assert not torch.equal(weight, before)
    places = ARCHITECTURES["emotion-cnn"].input.size // 8
    fewer = pooled_weight(weight.numpy(), places)
    maps = torch.rand(3, 128, places, places)
    pooled = torch.nn.functional.avg_pool2d(maps, 2)
    torch.testing.assert_close(pooled.flatten(1) @ torch.from_numpy(fewer).T, maps.flatten(1) @ weight.T)


def test_weights_are_tied_from_the_start_or_never(tmp_path: Path) -> None:
    """And in EmotionCNN alone."""
    TrainState(RECIPE, 0, CPU).checkpoint().write(tmp_path / "free.pt")
    with pytest.raises(ConfigurationError, match="in the middle of a run"):
        TrainState.resume(tmp_path / "free.pt", CPU, {"tied": True})
    with pytest.raises(ConfigurationError, match="emotion-cnn only"):
        TrainState(replace(RECIPE, architecture="emotion-net", tied=True), 0, CPU)


@pytest.mark.parametrize(
    ("architecture", "blocks", "message"),
    [
        ("emotion-net", (96, 128, 192, 256, 384, 512), "48 pixels cannot be halved so often"),
        ("emotion-cnn", (96, 192), "emotion-cnn has none"),
    ],
)
def test_blocks_that_no_network_can_have_are_refused(architecture: str, blocks: tuple[int, ...], message: str) -> None:
    """Nothing would be left of the picture; EmotionCNN has no such blocks."""
    with pytest.raises(ConfigurationError, match=message):
        TrainState(replace(RECIPE, architecture=architecture, blocks=blocks), 0, CPU)


def test_dropout_can_change_from_run_to_run(faces: data.Faces, tmp_path: Path) -> None:
    """A run that goes on without it learns from every hidden unit, and what it leaves is the same network."""
    half = TrainState(RECIPE, 0, CPU)
    half.checkpoint().write(tmp_path / "half.pt")
    none = TrainState.resume(tmp_path / "half.pt", CPU, {"dropout": 0.0})
    step(half, faces)
    step(none, faces)
    name = "head.4.weight"
    idle = [bool((run.network.get_parameter(name).grad == 0).all(0).any()) for run in (half, none)]
    assert idle == [True, False]
    assert half.network.state_dict().keys() == none.network.state_dict().keys()


def test_dropout_of_emotion_net_is_refused() -> None:
    """It has none; a run that takes the option in silence would be believed."""
    with pytest.raises(ConfigurationError, match=r"--dropout 0.2: only emotion-cnn has it"):
        TrainState(replace(RECIPE, architecture="emotion-net", dropout=0.2), 0, CPU)


def test_a_run_keeps_its_batch(tmp_path: Path) -> None:
    """Its place in the schedule is counted in batches."""
    TrainState(RECIPE, 0, CPU).checkpoint().write(tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match="batches of 7; keep --batch"):
        TrainState.resume(tmp_path / "run.pt", CPU, {"batch": 14})


def test_a_run_stays_with_the_release_that_it_began_with(tmp_path: Path) -> None:
    """A release replaced in the middle of a run would change its result in silence."""
    run = TrainState(replace(RECIPE, teacher="emotion-net"), 0, CPU)
    version = load_release("emotion-net", MODELS).config.weights_version
    assert run.recipe.teacher == f"emotion-net@{version}"
    run.recipe = replace(run.recipe, teacher="emotion-net@0")
    run.checkpoint().write(tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match=f"emotion-net@0 is wanted, but emotion-net is now version {version}"):
        TrainState.resume(tmp_path / "run.pt", CPU)
    again = TrainState.resume(tmp_path / "run.pt", CPU, {"teacher": "emotion-net"})
    assert again.recipe.teacher == f"emotion-net@{version}"


def test_no_number_stops_the_run(faces: data.Faces) -> None:
    """A loss that is NaN is an error before it reaches the weights."""
    run = TrainState(RECIPE, 0, CPU)
    with torch.no_grad():
        run.network.head[4].bias.fill_(float("nan"))
    before = run.network.head[4].weight.clone()
    with pytest.raises(DivergedError, match="loss became nan at step 0"):
        step(run, faces)
    assert torch.equal(before, run.network.head[4].weight)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_checkpoint_becomes_a_release_with_the_same_logits(
    faces: data.Faces, tmp_path: Path, architecture: str
) -> None:
    """The same pictures through training's evaluation and through the classifier give the same logits."""
    recipe = replace(RECIPE, architecture=architecture, average=0.0, rate=0.1, schedule="constant")
    run = TrainState(recipe, 0, CPU)
    expected = released(run, faces, tmp_path)
    actual, _ = logits_and_probs(load_classifier("tiny", tmp_path, "cpu", precision="f32"), faces.images)
    assert np.ptp(expected, 0).max() > 0.1
    # The release's weights are float16.
    assert np.abs(actual - expected).max() < 0.01


def test_training_and_the_classifier_stage_see_the_same(faces: data.Faces, tmp_path: Path) -> None:
    """A face in the middle of a detector's crop, sent to the stage, gets the logits that training gives the face."""
    run = TrainState(replace(RECIPE, rate=0.1, schedule="constant"), 0, CPU)
    expected = released(run, faces, tmp_path)
    settings = Settings(_env_file=None, runtime_dir=tmp_path)
    network = load_classifier("tiny", tmp_path, "cpu", precision="f32")
    classifier = ClassifierStage(Place(settings, identify("classifier"), tmp_path), network)
    crops = []
    for number, picture in enumerate(faces.images):
        square = np.zeros((67, 67, 3), np.uint8)  # 1.3 box heights, of which the network sees 0.93
        square[10:58, 10:58] = picture[:, :, None]
        crops.append(m.Crop(face=number, xyxy=(0, 0, 67, 67), image=m.Image.of(square)))
    header = m.Header(source="s", epoch=1, seq=0, prev=None, acked=None, pts=0, captured_ns=0, live=False, end=False)
    heard = Envelope("crops", "me", m.Crops(**header, crops=crops))
    assert list(classifier.handle([heard], 0.0)) == []
    (answer,) = classifier.work(0.0)
    actual = np.array([emotion.logits for emotion in cast(m.Emotions, answer.message).emotions])
    assert np.abs(actual - expected).max() < 0.01 < 0.1 < np.ptp(expected, 0).max()


def test_without_mixed_precision_nothing_is_bfloat16(faces: data.Faces) -> None:
    """Plain float32 layers run, and their logits differ from the mixed ones by rounding only."""
    run = TrainState(replace(RECIPE, mixed_precision=False), 0, CPU)
    assert not torch.is_autocast_enabled("cpu")
    mixed = step(TrainState(RECIPE, 0, CPU), faces)
    assert 0 < abs(step(run, faces) - mixed) < 0.05


def test_without_bfloat16_in_the_device_nothing_is(faces: data.Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulated it is several times slower than float32, so plain layers run."""
    monkeypatch.setattr("training.state.has_bf16", lambda _: False)
    run = TrainState(RECIPE, 0, CPU)
    assert step(run, faces) == step(TrainState(replace(RECIPE, mixed_precision=False), 0, CPU), faces)


def test_a_run_stays_with_its_pictures(faces: data.Faces, tmp_path: Path) -> None:
    """Other ones would move its place in the schedule, and its best accuracy would be of something else."""
    run = TrainState(RECIPE, 0, CPU)
    run.take(faces, faces.take(np.arange(7)))
    run.checkpoint().write(tmp_path / "run.pt")
    TrainState.resume(tmp_path / "run.pt", CPU).take(faces, faces.take(np.arange(7)))
    for others in ((faces, faces), (faces.take(np.arange(27)), faces.take(np.arange(7)))):
        with pytest.raises(ConfigurationError, match="began with other pictures"):
            TrainState.resume(tmp_path / "run.pt", CPU).take(*others)


def test_patience_ends_after_epochs_that_are_no_better() -> None:
    """A better epoch starts the count again; without patience a run never ends early."""
    run, endless = TrainState(replace(RECIPE, patience=2), 0, CPU), TrainState(RECIPE, 0, CPU)
    ended = []
    for accuracy in (0.5, 0.4, 0.6, 0.6, 0.5):
        run.epoch_done(accuracy)
        endless.epoch_done(accuracy)
        ended.append(run.exhausted())
    assert ended == [False, False, False, False, True]
    assert run.best == 0.6
    assert not endless.exhausted()
