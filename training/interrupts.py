"""What Ctrl-C does in a command: it ends with exit code 130 and one line, whenever it is pressed."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

EXIT_CODE = 128 + signal.SIGINT


def quick() -> None:
    """From now on Ctrl-C ends the process at once: for times when there is nothing to tidy up, such as imports.

    Where SIGINT is ignored or handled by somebody else, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Where Ctrl-C ends the process at once, inside it raises KeyboardInterrupt, so that things are tidied up."""
    if signal.getsignal(signal.SIGINT) is not _end:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        quick()


def _end(_: int, __: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(EXIT_CODE)
