"""Back ends: the same numbers from each, and none that calls out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

from classifier.architectures import ARCHITECTURES, BLOCKS
from classifier.backends import MAX_BATCH, Classifier, load_classifier, torch_network
from classifier.graph import in_two, pooled_weight
from classifier.preprocess import InputSpec, prepare
from classifier.release import Config, Release, load_release, save_release
from shared.errors import ModelError
from shared.messages import EMOTIONS

SPEC = InputSpec(size=32, channels=1, mean=0.5, std=0.5, view=0.93, view_dy=0.0, detail=48)
ROOT = Path(__file__).parents[2]


def random_release(architecture: str, blocks: tuple[int, ...] = BLOCKS) -> Release:
    """A network for 32 pixels with weights that make its answers differ from face to face."""
    rng = np.random.default_rng(0)
    config = Config("random", "3", architecture, EMOTIONS, SPEC, 1.5, blocks)
    tensors = {}
    for name, shape in config.shapes().items():
        values = rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.2, shape)
        if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            values = rng.uniform(0.5, 2, shape)
        tensors[name] = values.astype(np.float32)
    return Release(config, tensors)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models directory with the release `random`, an EmotionCNN."""
    folder = tmp_path_factory.mktemp("models")
    save_release(random_release("emotion-cnn"), folder / "random")
    return folder


@pytest.fixture(scope="module")
def classifier(models: Path) -> Classifier:
    """The release on the CPU back end."""
    return load_classifier("random", models, "cpu")


def faces(count: int) -> list[np.ndarray]:
    """Crops of many sizes."""
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (side, side, 3)).astype(np.uint8) for side in rng.integers(20, 200, count)]


def assert_like_torch(release: Release, folder: Path) -> None:
    """The CPU back end's graph is the torch network: logits within 1e-4 of their spread on random weights."""
    save_release(release, folder / "random")
    crops = faces(5)
    logits, probs = load_classifier("random", folder, "cpu", precision="f32").classify(crops)
    with torch.inference_mode():
        expected = torch_network(load_release("random", folder))(torch.from_numpy(prepare(crops, SPEC)))
    assert np.ptp(logits, 0).max() > 0.01
    assert np.abs(logits - expected.numpy()).max() < 1e-4 * max(1, np.ptp(logits))
    assert np.abs(probs - torch.softmax(expected / 1.5, 1).numpy()).max() < 1e-4


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("blocks", [BLOCKS, (64, 96, 96, 160), (40, 48, 56, 72, 80)])
def test_openvino_says_what_torch_says(architecture: str, blocks: tuple[int, ...], tmp_path: Path) -> None:
    """Every architecture, and other residual blocks, of which the first keeps size and channels."""
    if not ARCHITECTURES[architecture].smallest_map(SPEC.size, blocks):
        blocks = blocks[:-1]
    assert_like_torch(random_release(architecture, blocks), tmp_path)


def test_weights_in_two_survive_rounding() -> None:
    """Both parts rounded to bfloat16 still add up to the weight within 2^-15 of it, one alone within 2^-7."""
    weight = np.random.default_rng(0).normal(0, 1, (32, 1, 3, 3)).astype(np.float32)
    large, rest = in_two(weight)
    rounded = [torch.from_numpy(part).bfloat16().float().numpy() for part in (large, rest)]
    assert np.array_equal(rounded[0], large)
    assert np.array_equal(large + rest, weight)
    assert np.abs((sum(rounded) - weight) / weight).max() < 2**-15 < 2**-9 < np.abs(rest / weight).max() < 2**-7


def test_weights_tied_over_squares_of_positions_change_nothing(tmp_path: Path) -> None:
    """Pooled first and read once, they give what torch gives; weights of which one differs are read in full."""
    release = random_release("emotion-cnn")
    weight = release.tensors["head.0.weight"].reshape(128, 128, 2, 2, 2, 2)
    weight[:] = weight[:, :, :, :1, :, :1]
    assert pooled_weight(release.tensors["head.0.weight"], 4).shape == (128, 128 * 4)
    assert_like_torch(release, tmp_path)
    weight[5, 6, 1, 0, 1, 1] += 1e-3
    assert pooled_weight(release.tensors["head.0.weight"], 4) is None
    assert pooled_weight(np.ones((2, 9)), 3) is None


@pytest.mark.parametrize("name", ["emotion-cnn", "emotion-lite", "emotion-net"])
def test_the_fast_arithmetic_says_what_the_exact_one_says(name: str) -> None:
    """bf16, where the processor has it, moves no probability by more than 0.02."""
    frame = data.astronaut()[:, :, ::-1]
    shifts = np.random.default_rng(0).integers(-45, 45, (12, 2))
    crops = [frame[60 + y : 180 + y, 165 + x : 285 + x] for y, x in shifts]
    _, exact = load_classifier(name, ROOT / "models", "cpu", precision="f32").classify(crops)
    _, fast = load_classifier(name, ROOT / "models", "cpu").classify(crops)
    assert np.ptp(exact, 0).max() > 0.1
    assert np.abs(fast - exact).max() < 0.02


def test_a_face_does_not_depend_on_its_batch(classifier: Classifier) -> None:
    """Alone or among more faces than a batch holds, a face gets the same answer."""
    crops = faces(MAX_BATCH + 3)
    together, _ = classifier.classify(crops)
    alone = np.concatenate([classifier.classify([crop])[0] for crop in crops])
    assert np.abs(together - alone).max() < 1e-5


def test_no_faces_give_empty_results(classifier: Classifier) -> None:
    """A message without crops is answered, not a fault."""
    logits, probs = classifier.classify([])
    assert logits.shape == probs.shape == (0, 7)
    assert logits.dtype == probs.dtype == np.float32


def test_probabilities_sum_to_one_under_any_temperature() -> None:
    """Huge logits do not overflow; the temperature divides them."""
    logits = np.array([[1000.0, 0, 0, 0, 0, 0, -1000], [1, 2, 3, 4, 5, 6, 7]], np.float32)
    stand_in = Classifier("stand-in", "cpu", SPEC, 2.0, lambda batch: logits[: len(batch)])
    _, probs = stand_in.classify(faces(2))
    assert probs.sum(1) == pytest.approx(1)
    assert probs[0, 0] == pytest.approx(1)
    assert probs[1, 6] / probs[1, 5] == pytest.approx(np.exp(0.5), rel=1e-5)


def test_the_name_holds_the_version(classifier: Classifier) -> None:
    """Messages say which release answered."""
    assert (classifier.name, classifier.device) == ("random-3", "cpu")


def test_a_missing_model_is_a_configuration_error(models: Path) -> None:
    """Exit code 2, so that a supervisor does not restart in a loop."""
    with pytest.raises(ModelError) as caught:
        load_classifier("absent", models, "cpu")
    assert caught.value.exit_code == 2


def test_the_cpu_back_end_needs_neither_torch_nor_the_network(models: Path) -> None:
    """Loading and classifying in a fresh process imports no torch and no telemetry and opens no connection."""
    program = f"""
import socket, sys
def refuse(*arguments):
    raise SystemExit(f"a connection was tried: {{arguments}}")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from pathlib import Path
import numpy as np
from classifier.backends import load_classifier
load_classifier("random", Path({str(models)!r}), "cpu").classify([np.zeros((30, 30, 3), np.uint8)])
loaded = [name for name in sys.modules if name.split(".")[0] in ("torch", "openvino_telemetry") and sys.modules[name]]
sys.exit(f"imported {{loaded}}" if loaded else 0)
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
