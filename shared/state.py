"""Small files from which a restarted process resumes, written many times a second.

Write a new file, remove the old one, rename the new one. Renaming over the old one would be simpler, but ext4 then
flushes to disk at once (auto_da_alloc), which takes milliseconds.
"""

from pathlib import Path

_FRESH = ".new"


def write_state(path: Path, content: bytes) -> None:
    """Write a file so that after a crash `read_state` returns the old or the new content, whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + _FRESH)
    fresh.write_bytes(content)
    path.unlink(missing_ok=True)
    fresh.rename(path)


def read_state(path: Path) -> bytes | None:
    """The content last written; None if there is none. A crash during the very first write leaves a part of it."""
    for one in (path, path.with_name(path.name + _FRESH)):  # the second is whole once the first is removed
        try:
            return one.read_bytes()
        except FileNotFoundError:
            continue
    return None


def states(folder: Path, suffix: str) -> list[Path]:
    """The paths in a folder that `read_state` can read, sorted."""
    return sorted({path.with_name(path.name.removesuffix(_FRESH)) for path in folder.glob(f"*{suffix}*")})


def forget_state(path: Path) -> None:
    """Remove a state file."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + _FRESH).unlink(missing_ok=True)
