"""Who may enter the runtime directory."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.runtime_dir import default_runtime_dir, prepare_runtime_dir

IN_TMP = f"/tmp/affectstream-{os.getuid()}"  # noqa: S108 — compared, not used
ROOT = Path(__file__).resolve().parents[2]


def test_the_runtime_directory_is_private(tmp_path):
    """Sockets and state are for this user alone."""
    made = prepare_runtime_dir(tmp_path / "a" / "b")
    assert made.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="RUNTIME_DIR"):
        prepare_runtime_dir(tmp_path / "file")


def test_a_directory_that_others_may_enter_is_refused_and_left_alone(tmp_path):
    """Nobody's folder is closed by naming it here."""
    tmp_path.chmod(0o755)
    with pytest.raises(ConfigurationError, match="open to other users"):
        prepare_runtime_dir(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("environment", "system", "expected"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, "linux", "/run/user/7/affectstream"),
        ({}, "linux", IN_TMP),
        ({}, "darwin", IN_TMP),
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, "win32", str(Path(tempfile.gettempdir(), "affectstream"))),
    ],
)
def test_where_it_is_by_default(environment: dict[str, str], system: str, expected: str) -> None:
    """A Mac has no folder for it, and Windows no user numbers: settings are read there all the same."""
    assert str(default_runtime_dir(environment, system)) == expected


def test_windows_is_told_what_to_use(tmp_path: Path) -> None:
    """One line instead of a traceback about a missing module."""
    with pytest.raises(ConfigurationError, match=r"on Windows run it in WSL 2 \(docs/platforms.md\)"):
        prepare_runtime_dir(tmp_path / "a", "win32")
    assert not (tmp_path / "a").exists()


def test_modules_load_where_there_are_no_unix_modules() -> None:
    """On Windows, too, each process gets as far as that line, and a program of one's own can use a model."""
    code = (
        "import sys; sys.modules['fcntl'] = None;"
        "import affectstream.preflight, classifier.backends, shared.forwarder, shared.supervisor"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=100)
