"""Who may enter the runtime directory."""

import pytest

from shared.errors import ConfigurationError
from shared.runtime_dir import prepare_runtime_dir


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
