"""The options of a benchmark run."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.pictures import write_demo

VIDEO_ENDINGS = (".mp4", ".mkv", ".mov", ".avi")


@dataclass(frozen=True)
class Plan:
    """`only`: the prefix that wanted rows have. `scratch`: a folder that is removed at the end."""

    scratch: Path
    only: str = ""
    quick: bool = False
    clips_dir: Path | None = None
    images_dir: Path | None = None
    faces: Path | None = None
    """Labelled face pictures, as training.evaluate takes them."""
    fer: Path | None = None
    """A Python that has the package `fer`."""

    def wants(self, name: str) -> bool:
        """Whether a row, or some row below a subject, was asked for."""
        return name.startswith(self.only) or self.only.startswith(f"{name}/")

    def many(self, full: int, quick: int) -> int:
        """`quick` in a quick run, else `full`."""
        return quick if self.quick else full

    def clips(self) -> list[Path]:
        """The videos to measure: those of the folder given, else ten seconds of the demo."""
        if self.clips_dir is not None:
            return sorted(path for path in self.clips_dir.iterdir() if path.suffix.lower() in VIDEO_ENDINGS)
        return [self.demo()]

    def clip(self, stem: str) -> Path | None:
        """A video of the folder given, by its name."""
        return next((path for path in self.clips() if path.stem == stem), None)

    def demo(self) -> Path:
        """Ten seconds of the demo as a video, 1280x720 at 30 frames per second."""
        path = self.scratch / "demo.mp4"
        if not path.exists():
            write_demo(path, frames=self.many(300, 90))
        return path
