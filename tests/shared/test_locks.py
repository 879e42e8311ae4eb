"""Locks: one of a kind on a host."""

import os
import subprocess
import sys

import pytest

from shared import locks
from shared.errors import ConfigurationError


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


def test_two_versions_are_not_mixed(tmp_path):
    """Processes of one version share a directory; one of another is refused by name until the last has left."""
    with locks.share_version(tmp_path, "affectstream 1"):
        with locks.share_version(tmp_path, "affectstream 1"):
            pass
        with (
            pytest.raises(ConfigurationError, match="in use by affectstream 1, and this is affectstream 2"),
            locks.share_version(tmp_path, "affectstream 2"),
        ):
            pass
        assert (tmp_path / "version.lock").read_text() == "affectstream 1"
    assert list(tmp_path.iterdir()) == []
    with locks.share_version(tmp_path, "affectstream 2"):
        pass


def test_a_killed_version_is_no_hindrance(tmp_path):
    """What counts is who lives, not what was left."""
    (tmp_path / "version.lock").write_text("affectstream 1, which is longer")
    with locks.share_version(tmp_path, "affectstream 2"):
        assert (tmp_path / "version.lock").read_text() == "affectstream 2"


def test_of_many_at_once_one_version_wins(tmp_path):
    """However their starts interleave, no two versions are ever there together."""
    code = """
import contextlib, pathlib, sys
from shared import locks
from shared.errors import ConfigurationError
folder, mine = pathlib.Path(sys.argv[1]), sys.argv[2]
for _ in range(200):
    with contextlib.suppress(ConfigurationError), locks.share_version(folder, mine):
        assert (folder / "version.lock").read_text() == mine
"""
    started = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), version]) for version in "1212"]
    assert [process.wait(60) for process in started] == [0, 0, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """A user's mistake shows no traceback."""
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        locks.take(tmp_path / "gone", "bus", "the bus")
