"""Runs the classifier on the bus: `python -m classifier`."""

from classifier.backends import load_classifier
from classifier.release import MODELS
from classifier.stage import ClassifierStage
from shared.loop import run
from shared.stage import Place


def build(place: Place) -> ClassifierStage:
    """The stage with the network that the settings name."""
    settings = place.settings
    classifier = load_classifier(settings.classifier_model, MODELS, device=settings.device, threads=settings.threads)
    return ClassifierStage(place, classifier)


if __name__ == "__main__":
    run("classifier", build)
