"""How far a source has come is on disk before it is said, or it is known that it is not."""

import pytest

from capture import progress
from capture.progress import Progress, ProgressFile, read_progress
from shared.errors import ConfigurationError


@pytest.fixture
def full_disk(monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress, "write_state", fail)


def test_only_what_is_new_is_written(tmp_path):
    """And is read again; half a file is none."""
    path = tmp_path / "s.json"
    file = ProgressFile(path, "s", Progress(1, 2), needed=True)
    file.save(Progress(1, 2))
    assert not path.exists()
    file.save(Progress(1, 3))
    assert read_progress(path.read_bytes()) == Progress(1, 3)
    assert read_progress(path.read_bytes()[:-5]) is None


def test_a_recorders_replay_does_not_go_on_unwritten(tmp_path, full_disk):
    """Killed, it would leave rows out or write them twice."""
    with pytest.raises(ConfigurationError, match=r"s: where it is cannot be written to .*No space left"):
        ProgressFile(tmp_path / "s.json", "s", None, needed=True).save(Progress(1, 3))


def test_others_go_on_without_what_is_old(tmp_path, full_disk):
    """A successor must not go on where we were long ago."""
    path = tmp_path / "s.json"
    path.write_bytes(b"{}")
    ProgressFile(path, "s", None, needed=False).save(Progress(1, 3))
    assert not path.exists()
