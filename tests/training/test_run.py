"""A training run: it learns, it can be broken and resumed, and what it leaves can be classified with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from classifier.backends import load_classifier
from classifier.graph import pooled_weight
from classifier.release import save_release
from classifier.stage import ClassifierStage
from shared import messages as m
from shared.errors import AffectError, ConfigurationError
from shared.identity import identify
from shared.settings import Settings
from shared.stage import Place
from shared.topics import Envelope
from training import data
from training.checkpoint import read_checkpoint
from training.evaluate import logits_and_probs
from training.export import release_of
from training.recipes import INPUTS, PRESETS, Recipe, changed, rate
from training.run import DivergedError, Run, evaluate, targets

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


def step(run: Run, faces: data.Faces) -> float:
    """One step on the seven pictures whose turn it is."""
    index = np.arange(7) + 7 * (run.step % 4)
    parts = (torch.from_numpy(array[index]) for array in (faces.images, faces.labels, faces.votes))
    return run.train_step(*parts, per_epoch=4)


def released(run: Run, faces: data.Faces, folder: Path) -> np.ndarray:
    """Trains a little and releases that as `folder`/tiny; the logits (N, 7) that training's evaluation gives."""
    for _ in range(8):
        step(run, faces)
    run.save(folder / "run.pt")
    run.network.load_state_dict(run.averaged)
    expected = evaluate(run.network, faces.images, run.spec, CPU)
    save_release(release_of(read_checkpoint(folder / "run.pt"), "tiny", "1"), folder / "tiny")
    return expected


@pytest.mark.parametrize("architecture", INPUTS)
def test_the_loss_falls(faces: data.Faces, architecture: str) -> None:
    """Twelve steps on an easy task bring the loss well below guessing."""
    recipe = replace(RECIPE, architecture=architecture, epochs=4, label_smoothing=0.0)
    run = Run(changed(recipe, {"rate": 0.05, "degrees": 0, "shift": 0, "scale": 0, "erase": 0}), 0, CPU)
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
    unbroken = Run(replace(RECIPE, architecture=architecture, **changes), 3, CPU)
    for _ in range(3):
        step(unbroken, faces)
    unbroken.save(tmp_path / "middle.pt")
    resumed = Run.resume(tmp_path / "middle.pt", CPU)
    losses = [[step(run, faces) for _ in range(3)] for run in (unbroken, resumed)]
    assert losses[0] == losses[1]
    assert unbroken.epoch_means() == resumed.epoch_means()
    for kind in ("network", "averaged"):
        unbroken.save(tmp_path / "a.pt")
        resumed.save(tmp_path / "b.pt")
        first, second = (read_checkpoint(tmp_path / name)[kind] for name in ("a.pt", "b.pt"))
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_tied_weights_stay_tied(faces: data.Faces, tmp_path: Path) -> None:
    """2x2 positions keep one weight from the first step on, also in a resumed run, and average pooling does."""
    run = Run(replace(RECIPE, optimizer="adam", tied=True, weight_decay=0.05), 0, CPU)
    before = run.network.head[0].weight.detach().clone()
    step(run, faces)
    run.save(tmp_path / "middle.pt")
    run = Run.resume(tmp_path / "middle.pt", CPU)
    step(run, faces)
    weight = run.network.head[0].weight.detach()
    assert not torch.equal(weight, before)
    places = INPUTS["emotion-cnn"].size // 8
    fewer = pooled_weight(weight.numpy(), places)
    maps = torch.rand(3, 128, places, places)
    pooled = torch.nn.functional.avg_pool2d(maps, 2)
    torch.testing.assert_close(pooled.flatten(1) @ torch.from_numpy(fewer).T, maps.flatten(1) @ weight.T)


def test_weights_are_tied_from_the_start_or_never(tmp_path: Path) -> None:
    """And in EmotionCNN alone."""
    Run(RECIPE, 0, CPU).save(tmp_path / "free.pt")
    with pytest.raises(ConfigurationError, match="in the middle of a run"):
        Run.resume(tmp_path / "free.pt", CPU, {"tied": True})
    with pytest.raises(ConfigurationError, match="emotion-cnn only"):
        Run(replace(RECIPE, architecture="emotion-net", tied=True), 0, CPU)


@pytest.mark.parametrize(
    ("architecture", "blocks", "message"),
    [
        ("emotion-net", (96, 128, 192, 256, 384), "48 pixels cannot be halved 5 times without a rest"),
        ("emotion-cnn", (96, 192), "only emotion-net has them"),
    ],
)
def test_blocks_that_no_network_can_have_are_refused(architecture: str, blocks: tuple[int, ...], message: str) -> None:
    """The fused layers would read beyond a map of odd side; EmotionCNN has no such blocks."""
    with pytest.raises(ConfigurationError, match=message):
        Run(replace(RECIPE, architecture=architecture, blocks=blocks), 0, CPU)


def test_dropout_can_change_from_run_to_run(faces: data.Faces, tmp_path: Path) -> None:
    """A run that goes on without it learns from every hidden unit, and what it leaves is the same network."""
    half = Run(RECIPE, 0, CPU)
    half.save(tmp_path / "half.pt")
    none = Run.resume(tmp_path / "half.pt", CPU, {"dropout": 0.0})
    step(half, faces)
    step(none, faces)
    name = "head.4.weight"
    idle = [bool((run.network.get_parameter(name).grad == 0).all(0).any()) for run in (half, none)]
    assert idle == [True, False]
    assert half.network.state_dict().keys() == none.network.state_dict().keys()


def test_dropout_of_emotion_net_is_refused() -> None:
    """It has none; a run that takes the option in silence would be believed."""
    with pytest.raises(ConfigurationError, match=r"--dropout 0.2: only emotion-cnn has it"):
        Run(replace(RECIPE, architecture="emotion-net", dropout=0.2), 0, CPU)


def test_a_run_keeps_its_batch(tmp_path: Path) -> None:
    """Its place in the schedule is counted in batches."""
    Run(RECIPE, 0, CPU).save(tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match="batches of 7; keep --batch"):
        Run.resume(tmp_path / "run.pt", CPU, {"batch": 14})


def test_another_teacher_of_the_same_name_is_refused(tmp_path: Path) -> None:
    """A release replaced in the middle of a run would change its result in silence."""
    run = Run(replace(RECIPE, teacher="emotion-net"), 0, CPU)
    run.releases["teacher"] = "emotion-net-0"
    run.save(tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match="its teacher was emotion-net-0, now it is emotion-net-"):
        Run.resume(tmp_path / "run.pt", CPU)
    assert Run.resume(tmp_path / "run.pt", CPU, {"teacher": "emotion-net"}).releases["teacher"] != "emotion-net-0"


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    """A step may break the weights and only the next one's loss tell; the checkpoint before stays."""
    run = Run(RECIPE, 0, CPU)
    run.save(tmp_path / "run.pt")
    with torch.no_grad():
        run.network.head[4].weight[0, 0] = float("inf")
    with pytest.raises(DivergedError, match=r"weights at step 0 are not finite; .*run\.pt is as it was"):
        run.save(tmp_path / "run.pt")
    assert Run.resume(tmp_path / "run.pt", CPU).network.head[4].weight.isfinite().all()


def test_no_number_stops_the_run(faces: data.Faces) -> None:
    """A loss that is NaN is an error before it reaches the weights."""
    run = Run(RECIPE, 0, CPU)
    with torch.no_grad():
        run.network.head[4].bias.fill_(float("nan"))
    before = run.network.head[4].weight.clone()
    with pytest.raises(DivergedError, match="loss became nan at step 0"):
        step(run, faces)
    assert torch.equal(before, run.network.head[4].weight)


@pytest.mark.parametrize("architecture", INPUTS)
def test_a_checkpoint_becomes_a_release_with_the_same_logits(
    faces: data.Faces, tmp_path: Path, architecture: str
) -> None:
    """The same pictures through training's evaluation and through the classifier give the same logits."""
    recipe = replace(RECIPE, architecture=architecture, average=0.0, rate=0.1, schedule="constant")
    run = Run(recipe, 0, CPU)
    expected = released(run, faces, tmp_path)
    actual, _ = logits_and_probs(load_classifier("tiny", tmp_path, "cpu", precision="f32"), faces.images)
    assert np.ptp(expected, 0).max() > 0.1
    # The release's weights are float16.
    assert np.abs(actual - expected).max() < 0.01


def test_training_and_the_classifier_stage_see_the_same(faces: data.Faces, tmp_path: Path) -> None:
    """A face in the middle of a detector's crop, sent to the stage, gets the logits that training gives the face."""
    run = Run(replace(RECIPE, rate=0.1, schedule="constant"), 0, CPU)
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
    actual = np.array([emotion.logits for emotion in answer.message.emotions])
    assert np.abs(actual - expected).max() < 0.01 < 0.1 < np.ptp(expected, 0).max()


def test_a_failed_save_leaves_the_last_checkpoint(
    faces: data.Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while saving costs nothing that was there."""
    run = Run(RECIPE, 0, CPU)
    run.save(tmp_path / "last.pt")

    def full(state: object, part: Path) -> None:
        part.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    run.step = 5
    with pytest.raises(
        AffectError, match=r"last\.pt could not be written, the checkpoint before it is kept: .*No space"
    ):
        run.save(tmp_path / "last.pt")
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """The message names the file."""
    path = tmp_path / "run.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"run\.pt"):
        Run.resume(path, CPU)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    """Unknown names and tensors of other shapes are said, not shown as a traceback."""
    Run(RECIPE, 0, CPU).save(tmp_path / "run.pt")
    saved = read_checkpoint(tmp_path / "run.pt")
    torch.save(saved | {"recipe": saved["recipe"] | {"architecture": "resnet"}}, tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match=r"architecture 'resnet'; known: emotion-cnn, emotion-net"):
        Run.resume(tmp_path / "run.pt", CPU)
    torch.save(saved | {"recipe": saved["recipe"] | {"architecture": "emotion-net"}}, tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match=r"run\.pt holds another network"):
        Run.resume(tmp_path / "run.pt", CPU)
    torch.save(saved | {"recipe": saved["recipe"] | {"of_tomorrow": 1}}, tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match="another version"):
        Run.resume(tmp_path / "run.pt", CPU)


def test_a_checkpoint_from_before_an_option_is_resumed(tmp_path: Path) -> None:
    """Recipes and runs without the newer fields get their defaults."""
    Run(RECIPE, 0, CPU).save(tmp_path / "run.pt")
    saved = read_checkpoint(tmp_path / "run.pt")
    for name in ("mixup", "unmixed", "class_weights", "mixed_precision", "patience"):
        del saved["recipe"][name]
    del saved["waited"]
    torch.save(saved, tmp_path / "run.pt")
    assert Run.resume(tmp_path / "run.pt", CPU).recipe == RECIPE


@pytest.mark.parametrize(("schedule", "expected"), [("constant", [1, 1, 1, 1]), ("step", [1, 1, 0.1, 0.01])])
def test_schedules_of_steps(schedule: str, expected: list[float]) -> None:
    """The rate at the start, before and after half of the run, and after three quarters."""
    recipe = replace(RECIPE, schedule=schedule, rate=1)
    assert [rate(recipe, progress) for progress in (0, 0.49, 0.51, 0.8)] == pytest.approx(expected)


def test_a_cosine_falls_from_the_start() -> None:
    """All of the rate at first, half of it in the middle, none at the end."""
    recipe = replace(RECIPE, schedule="cosine", rate=1)
    assert [rate(recipe, progress) for progress in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])


def test_one_cycle_rises_and_ends_at_zero() -> None:
    """The highest rate comes after the warm-up, the last is zero."""
    recipe = RECIPE
    rates = [rate(recipe, progress) for progress in np.linspace(0, 1, 101)]
    assert np.argmax(rates) == round(100 * recipe.warmup)
    assert max(rates) == pytest.approx(recipe.rate)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert rate(PRESETS["original"], 0.7) == 1e-3


def test_targets_mix_label_votes_and_smoothing() -> None:
    """Targets sum to 1; an image without votes keeps its label."""
    recipe: Recipe = replace(RECIPE, label_smoothing=0.1, vote_share=0.25)
    votes = torch.zeros(2, 7)
    votes[1, 4] = 1
    found = targets(torch.tensor([0, 0]), votes, recipe)
    assert found.sum(1).tolist() == pytest.approx([1, 1])
    assert found[0, 0].item() == pytest.approx(0.9 + 0.1 / 7)
    assert found[1, 0].item() == pytest.approx(0.75 * 0.9 + 0.1 / 7)
    assert found[1, 4].item() == pytest.approx(0.25 * 0.9 + 0.1 / 7)


def test_class_weights_favour_the_rare(faces: data.Faces) -> None:
    """A class with a third of the others' images counts three times as much; on average images count once."""
    run = Run(replace(RECIPE, class_weights=True), 0, CPU)
    labels = np.repeat(np.arange(7), [1, 3, 3, 3, 3, 3, 3])
    run._weigh(labels)
    assert run.class_weights is not None
    assert (run.class_weights[0] / run.class_weights[1]).item() == pytest.approx(3)
    assert run.class_weights[labels].mean().item() == pytest.approx(1)
    plain = Run(RECIPE, 0, CPU)
    plain._weigh(labels)
    assert step(plain, faces) != step(run, faces)


def test_mixing_changes_images_and_is_repeated_exactly(faces: data.Faces) -> None:
    """The same seed mixes alike, and another loss comes out than without mixing."""
    losses = [step(Run(replace(RECIPE, mixup=mixup), 0, CPU), faces) for mixup in (0.4, 0.4, 0.0)]
    assert losses[0] == losses[1] != losses[2]


def test_the_last_epochs_are_not_mixed(faces: data.Faces) -> None:
    """The first of two epochs, of four steps each, is that of a mixed run; the second goes on without."""
    half, mixed = (Run(replace(RECIPE, mixup=0.4, unmixed=unmixed), 0, CPU) for unmixed in (1, 0))
    losses = [(step(half, faces), step(mixed, faces)) for _ in range(5)]
    assert [one == other for one, other in losses] == [True, True, True, True, False]


def test_without_mixed_precision_nothing_is_bfloat16(faces: data.Faces) -> None:
    """Plain float32 layers run, and their logits differ from the mixed ones by rounding only."""
    run = Run(replace(RECIPE, mixed_precision=False), 0, CPU)
    assert run.step_network is run.network
    assert not torch.is_autocast_enabled("cpu")
    mixed = step(Run(RECIPE, 0, CPU), faces)
    assert 0 < abs(step(run, faces) - mixed) < 0.05


def test_without_bfloat16_in_the_device_nothing_is(faces: data.Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulated it is several times slower than float32, so plain layers run."""
    monkeypatch.setattr("training.run.has_bf16", lambda _: False)
    run = Run(RECIPE, 0, CPU)
    assert run.step_network is run.network
    assert step(run, faces) == step(Run(replace(RECIPE, mixed_precision=False), 0, CPU), faces)


def test_a_run_stays_with_its_pictures(faces: data.Faces, tmp_path: Path) -> None:
    """Other ones would move its place in the schedule, and its best accuracy would be of something else."""
    run = Run(RECIPE, 0, CPU)
    run.train_on(faces, faces.take(np.arange(7)))
    run.save(tmp_path / "run.pt")
    Run.resume(tmp_path / "run.pt", CPU).train_on(faces, faces.take(np.arange(7)))
    for others in ((faces, faces), (faces.take(np.arange(27)), faces.take(np.arange(7)))):
        with pytest.raises(ConfigurationError, match="began with other pictures"):
            Run.resume(tmp_path / "run.pt", CPU).train_on(*others)


def test_patience_ends_after_epochs_that_are_no_better() -> None:
    """A better epoch starts the count again; without patience a run never ends early."""
    run, endless = Run(replace(RECIPE, patience=2), 0, CPU), Run(RECIPE, 0, CPU)
    ended = []
    for accuracy in (0.5, 0.4, 0.6, 0.6, 0.5):
        run.judged(accuracy)
        endless.judged(accuracy)
        ended.append(run.exhausted())
    assert ended == [False, False, False, False, True]
    assert run.best == 0.6
    assert not endless.exhausted()


def test_options_change_recipe_and_augmentation() -> None:
    """An option named like an augmentation's amount goes there, all else is the recipe's."""
    recipe = changed(RECIPE, {"rate": 0.5, "degrees": 20.0})
    assert (recipe.rate, recipe.augmentation.degrees) == (0.5, 20)
    assert changed(recipe, {"rate": RECIPE.rate, "degrees": RECIPE.augmentation.degrees}) == RECIPE
