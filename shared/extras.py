"""What a program says if a package that it imports is not installed. Imports nothing but the standard library."""

import importlib.util
import sys
from pathlib import Path
from types import TracebackType

from shared.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


def explain_missing(extra: str = "") -> None:
    """From now on a missing package ends `python -m …` with one line and exit code 2 instead of a traceback.

    `extra` is the one of pyproject.toml that has what the program imports; by default the core.
    """
    if sys.argv[0] != "-m":  # what it is while Python locates the module; a program of somebody else's is left alone
        return

    def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        name = ((isinstance(error, ModuleNotFoundError) and error.name) or "").partition(".")[0]
        if not name or importlib.util.find_spec(name):  # a module that is missing in a package is a fault
            sys.__excepthook__(kind, error, trace)
            return
        print(f"{name} is not installed for {sys.executable}: {remedy(ROOT, extra)}", file=sys.stderr)
        sys.exit(ConfigurationError.exit_code)

    sys.excepthook = end


def remedy(root: Path, extra: str) -> str:
    """The command that makes an extra's packages importable; `root` is the checkout, or the folder of the wheel."""
    wanted = f"[{extra}]" if extra else ""
    if not (root / "pyproject.toml").exists():
        return f"pip install 'affectstream{wanted}'"
    if (root / ".venv").is_dir() and Path(sys.prefix) != root / ".venv":
        return f"source {root / '.venv'}/bin/activate"
    return f"cd {root} && {sys.executable} -m pip install -c constraints.txt -e '.{wanted}'"
