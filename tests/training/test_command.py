"""Every command ends with one line and an exit code of its own where it does not end well."""

import signal
from collections.abc import Callable

import pytest

from shared.errors import AffectError, ConfigurationError
from training import command


def raising(error: BaseException) -> Callable[[], int]:
    """Work that does not end well."""

    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (ConfigurationError("a.csv: no\nsuch  row"), 2, "a.csv: no such row"),
        (AffectError("fault"), 1, "fault"),
        (OSError(28, "No space left on device", "a.pt"), 1, "[Errno 28] No space left on device: 'a.pt'"),
    ],
)
def test_a_failure_is_one_line(error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the message holds."""
    assert command.run("training.data", raising(error)) == code
    assert capsys.readouterr().err == f"training.data: {said}\n"


def test_a_program_that_calls_a_command_keeps_its_own_handling_of_ctrl_c() -> None:
    """Only `python -m training.…` ends the whole process."""
    seen: list[object] = []

    def own(_: int, __: object) -> None:
        """A handler of the program's."""

    before = signal.signal(signal.SIGINT, own)
    try:
        assert command.run("training.data", lambda: seen.append(signal.getsignal(signal.SIGINT))) == 0
        assert [*seen, signal.getsignal(signal.SIGINT)] == [own, own]
    finally:
        signal.signal(signal.SIGINT, before)
