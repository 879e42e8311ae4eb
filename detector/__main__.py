"""Runs the detector on the bus: `python -m detector`."""

from detector.mtcnn import Detector
from detector.stage import DetectorStage
from shared.loop import run
from shared.stage import Place


def build(place: Place) -> DetectorStage:
    """The stage with MTCNN, configured by the settings."""
    return DetectorStage(place, Detector(place.settings))


if __name__ == "__main__":
    run("detector", build)
