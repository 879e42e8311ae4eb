"""Small files that say where a process is, for the one that takes its place; written many times a second.

A file is made anew, then the old one is removed, then the new one gets its name. To rename it over the old one would be
simpler, but ext4 then writes it to the disk at once (auto_da_alloc), which takes milliseconds.
"""

from pathlib import Path

_FRESH = ".new"


def write_state(path: Path, content: bytes) -> None:
    """Write a file so that whoever comes after a crash reads the old or the new content, whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + _FRESH)
    fresh.write_bytes(content)
    path.unlink(missing_ok=True)
    fresh.rename(path)


def read_state(path: Path) -> bytes | None:
    """The content last written; None where there is none. A crash during the very first write leaves a part of it."""
    for one in (path, path.with_name(path.name + _FRESH)):  # the second is whole once the first is gone
        try:
            return one.read_bytes()
        except FileNotFoundError:
            continue
    return None


def states(folder: Path, suffix: str) -> list[Path]:
    """The files of a folder, by name, that `read_state` can read."""
    return sorted({path.with_name(path.name.removesuffix(_FRESH)) for path in folder.glob(f"*{suffix}*")})


def forget_state(path: Path) -> None:
    """Remove what was written."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + _FRESH).unlink(missing_ok=True)
