"""Makes Ctrl-C end a command with exit code 130 and one line, whenever it is pressed."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

EXIT_CODE = 128 + signal.SIGINT


def quick() -> None:
    """Makes Ctrl-C end the process at once, for phases with nothing to clean up, such as imports.

    Does nothing if SIGINT is ignored or has a handler already.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Makes Ctrl-C raise KeyboardInterrupt inside the block, if outside it ends the process at once."""
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
