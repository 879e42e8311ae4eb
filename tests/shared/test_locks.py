"""Locks: one of a kind on a host."""

import os
import subprocess
import sys

import pytest

from shared import locks


def test_the_second_is_refused_naming_the_first(tmp_path):
    """Whoever is refused is told which process to stop."""
    lock = locks.take(tmp_path, "bus", "the bus")
    with pytest.raises(locks.LockedError, match=f"the bus is in use by process {os.getpid()}") as refused:
        locks.take(tmp_path, "bus", "the bus")
    assert refused.value.exit_code == 2
    lock.release()
    locks.take(tmp_path, "bus", "the bus").release()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_leaves_no_lock(tmp_path):
    """The kernel frees the lock of a process that was killed."""
    code = (
        "import os, signal, sys, pathlib; from shared import locks;"
        "lock = locks.take(pathlib.Path(sys.argv[1]), 'bus', 'the bus'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    assert (tmp_path / "bus.lock").exists()
    locks.take(tmp_path, "bus", "the bus").release()
