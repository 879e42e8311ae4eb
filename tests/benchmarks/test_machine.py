"""What a saved result says of its machine."""

import getpass
import json
import socket
from pathlib import Path
from typing import Any

from benchmarks import machine


def test_no_host_user_or_path_is_named():
    """Results are published; they describe the kind of machine and not whose it is."""
    text = json.dumps(machine.describe())
    for secret in (socket.gethostname(), getpass.getuser(), str(Path.home()), str(Path.cwd()), "/"):
        assert secret not in text


def test_what_a_figure_depends_on_is_said():
    """A ratio without processor, cores, versions and load cannot be judged."""
    about: dict[str, Any] = machine.describe()
    assert about["cores"] >= 1
    assert about["cpu"]
    assert {"python", "torch", "openvino"} <= about["versions"].keys()
    assert about["load_at_start"] >= 0
