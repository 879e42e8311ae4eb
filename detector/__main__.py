"""Runs the detector on the bus: `python -m detector`."""

from detector.mtcnn import Detector
from detector.stage import DetectorStage
from shared.compute import choose_device
from shared.loop import run
from shared.stage import Place


def build(place: Place) -> DetectorStage:
    """The stage with MTCNN as the settings want it."""
    settings = place.settings
    detector = Detector(
        min_face_size=settings.min_face_size,
        thresholds=settings.detect_thresholds,
        max_side=settings.detect_max_side,
        max_faces=settings.max_faces,
        threads=settings.threads,
        device=choose_device(settings.device),
        cache_dir=settings.runtime_dir / "cache",
    )
    return DetectorStage(place, detector)


if __name__ == "__main__":
    run("detector", build)
