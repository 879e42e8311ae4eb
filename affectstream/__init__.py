"""The installed package's one name: the command, the version, and where the rooms lie.

In a wheel the rooms (`shared`, `capture` …) lie in `_rooms`, a folder that is on nobody's import path but that of the
processes which the command starts; in a checkout they lie beside this folder.
"""

from importlib.metadata import version
from pathlib import Path

__version__ = version("affectstream")

_INSTALLED = Path(__file__).resolve().parent / "_rooms"
ROOMS = _INSTALLED if _INSTALLED.is_dir() else _INSTALLED.parent.parent
"""The folder with the rooms, the models and the Procfile."""
