"""What a recording goes on from after a power cut.

Capture and smoother write their states for every frame, and the disk has them some time later. So every EVERY_S the
recorder copies both into one file, with how much of its journal the disk has by then. These fit together, although
neither stage waits, because of the order in which they are read:

1. The journal is flushed, up to frame S. Acknowledgements are sent from the same thread, so the capture has heard of
   none beyond S.
2. The smoother's state. It was written before S was published, so it has released S at least. It keeps every result
   that the capture has not told it is acknowledged.
3. The capture's state, with its acknowledged frame A <= S. It was written before the capture told the smoother of A.

So frames after A are sent again: those that the smoother has released are all kept and repeated, those up to S are
written already. A kill leaves the same behind.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from recorder.journal import Journal
from shared.files import replacing
from shared.state import read_state

EVERY_S = 10.0
"""About what is lost of a recording's time."""
NAME = "checkpoint"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Checkpoint(msgspec.Struct, frozen=True):
    """`journal`: its bytes on disk; `states`: by folder and name, those of smoother and capture."""

    journal: int
    states: dict[str, bytes]


def boot_id() -> str:
    """Names the time since the computer was started; unwritten data outlast the end of a process, but not of this."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"


def save(folder: Path, journal: Journal, states: Sequence[Path]) -> None:
    """Write a checkpoint into the folder of an unfinished recording, and flush it.

    `states` are the files of the smoother and the capture, in this order. Without both there is nothing to go on from,
    and nothing is written. Raises OSError, as on a full disk.
    """
    size = journal.flush()
    copies = {f"{path.parent.name}/{path.name}": read_state(path) for path in states}
    known = {name: copy for name, copy in copies.items() if copy}
    if len(known) < 2:
        return
    with replacing(folder / NAME) as part:
        part.write_bytes(msgspec.msgpack.encode(Checkpoint(size, known)))
        flush(part)
    flush(folder)


def load(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder; None if there is none."""
    try:
        return msgspec.msgpack.decode((folder / NAME).read_bytes(), type=Checkpoint)
    except (OSError, msgspec.DecodeError):
        return None


def flush(*paths: Path) -> None:
    """Return once the disk has these files' contents, or these folders' names of files."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
