"""What a run asks of its machine: a stop by time, and a compiled network where there is a compiler."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import FrameType

import numpy as np
import pytest
import torch

from training import machine, train
from training.data import Faces
from training.recipes import PRESETS
from training.state import TrainState
from training.targets import Pictures

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
RECIPE = replace(PRESETS["emotion-net"], blocks=(16,), start="", teacher="", batch=7, mixed_precision=False)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Gives back the signals that a test takes."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.usefixtures("handlers")
def test_time_that_is_up_stops_like_ctrl_c() -> None:
    """Training sees a list that is no longer empty; without a limit the clock does not run."""
    stop = machine.stop_on_signal(0.01)
    signal.pause()
    assert stop == [signal.SIGALRM]
    assert machine.stop_on_signal() == []
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    signal.raise_signal(signal.SIGTERM)


def test_a_compiled_network_learns_the_same_under_the_same_names(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints of runs with and without a compiler can be exchanged."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    plain, compiled = (TrainState(RECIPE, 0, CPU) for _ in range(2))
    assert machine.compile_network(compiled.network, CPU)
    seven = Pictures.of(faces.take(np.arange(7)), RECIPE, CPU)
    losses = [float(train.step(run, seven.images, seven.labels, seven.target, 4)) for run in (plain, compiled)]
    assert losses[0] == pytest.approx(losses[1])
    first, second = plain.checkpoint(), compiled.checkpoint()
    assert first.network.keys() == second.network.keys()
    assert first.averaged.keys() == second.averaged.keys()


def test_without_a_compiler_a_run_goes_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says why; the network is as it was."""

    def failing(frame: FrameType, *_: object) -> None:
        raise RuntimeError("no C++ compiler\nand a long story")

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=failing))
    network = TrainState(RECIPE, 0, CPU).network
    assert not machine.compile_network(network, CPU)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("not compiled, the run goes on without: ")
    assert "no C++ compiler" in line
    assert network._compiled_call_impl is None
