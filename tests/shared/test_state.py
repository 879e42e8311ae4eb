"""State files: whoever takes a dead process's place finds the old or the new content, whole."""

from pathlib import Path

import pytest

from shared.state import forget_state, read_state, states, write_state


def test_what_is_written_is_read(tmp_path):
    """The last content counts, and no scraps stay."""
    path = tmp_path / "state" / "s.json"
    assert read_state(path) is None
    for content in (b"one", b"two"):
        write_state(path, content)
        assert read_state(path) == content
    assert [one.name for one in path.parent.iterdir()] == ["s.json"]
    forget_state(path)
    assert read_state(path) is None


class Killed(Exception):  # noqa: N818 — no error, an end
    """Stands for SIGKILL."""


@pytest.mark.parametrize(
    ("step", "after", "expected"),
    [
        ("write_bytes", False, b"old"),
        ("write_bytes", True, b"old"),
        ("unlink", False, b"old"),
        ("unlink", True, b"new"),
        ("rename", False, b"new"),
        ("rename", True, b"new"),
    ],
)
def test_a_kill_at_any_moment_costs_nothing(tmp_path, monkeypatch, step, after, expected):
    """Before or after each system call of a write; the next write works as ever."""
    path = tmp_path / "s.json"
    write_state(path, b"old")
    real = getattr(Path, step)

    def dying(self, *arguments, **options):
        if after:
            real(self, *arguments, **options)
        elif step == "write_bytes":
            real(self, b"ne")
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Path, step, dying)
        with pytest.raises(Killed):
            write_state(path, b"new")
    assert read_state(path) == expected
    assert states(tmp_path, ".json") == [path]
    write_state(path, b"newer")
    assert read_state(path) == b"newer"
    forget_state(path)
    assert list(tmp_path.iterdir()) == []
