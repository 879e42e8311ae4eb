"""How steady and how right the reading of real faces is: python -m benchmarks.faces --clips FOLDER.

Prints the tables of docs/faces.md, before and after each rule.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import crowds, flicker, identity, light
from benchmarks.flicker import Look
from classifier.backends import Classifier, load_classifier
from detector import crowd
from detector.mtcnn import Detector
from shared.errors import AffectError
from shared.messages import EMOTIONS
from shared.settings import DEFAULTS
from training import degraded, legibility
from training.data import load
from training.view import pipeline_detector

TALKING = ("liveportrait_d6", "liveportrait_d3", "liveportrait_d9", "liveportrait_d10", "pyfeat_single_face")
"""Clips of one face with changing expressions, 30 frames per second."""
STRIDES = {15: 2, 10: 3, 5: 6}
"""Of these films: by frame rate, one frame in so many."""
PEOPLE, CROWD_FRAMES = 60, 90
CASTINGS = 20
"""How many times the clips of light and cuts are made, each time of other portraits."""
MODELS = Path(__file__).resolve().parent.parent / "models"

Film = list[Look]


def main() -> None:
    """Read the clips once, and print one table after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--data", type=Path, help="FER-2013, for the table of faces that are hard to read")
    parser.add_argument("--every", type=int, default=4, help="of its pictures made worse (default: 4)")
    options = parser.parse_args()
    clips = [clip for name in TALKING for clip in options.clips.glob(f"{name}.*")]
    if not clips:
        parser.error(f"--clips {options.clips}: none of {', '.join(TALKING)} is there")
    classifier = load_classifier(DEFAULTS.classifier_model, MODELS, "cpu")
    detector = pipeline_detector(1)
    films = {clip.stem: list(flicker.watch(clip, detector, classifier)) for clip in clips}
    everybody = pipeline_detector(1, max_faces=1000)
    read = hard_to_read(classifier, options.data, options.every) if options.data else ()
    for table in (frame_rates(films), steadiness(films), crowded(everybody), lit(detector), castings(detector), read):
        print("\n".join(table), end="\n\n")


def steadiness(films: dict[str, Film]) -> Iterator[str]:
    """Changes of label: of each frame's own, of the largest smoothed probability (before), and of the rule (after)."""
    yield "| clip | raw label | largest smoothed | label shown | real changes | shown later, median and longest |"
    yield "|---|---|---|---|---|---|"
    for clip, film in films.items():
        readings = flicker.readings(film, flicker.by_cadence())
        times = [reading.pts for reading in readings]
        raw = [EMOTIONS[reading.raw] for reading in readings]
        shown = [reading.shown for reading in readings]
        columns: Sequence[Sequence[object]] = (raw, [reading.smoothed for reading in readings], shown)
        late = flicker.delays(times, raw, shown)
        delay = f"{np.median(late):.2f} s, {max(late):.2f} s" if late else ""
        counts = " | ".join(str(flicker.changes(times, labels)) for labels in columns)
        yield f"| `{clip}` | {counts} | {len(late)} | {delay} |"


def frame_rates(films: dict[str, Film]) -> Iterator[str]:
    """The share of moments with another label than in the whole film, with fewer frames per second."""
    yield "| clip | " + " | ".join(f"{fps} fps, every third → as shipped" for fps in STRIDES) + " |"
    yield "|---|" + "---|" * len(STRIDES)
    for clip, film in films.items():
        whole = flicker.readings(film, flicker.by_cadence())
        cells = []
        for stride in STRIDES.values():
            third = flicker.readings(film, lambda seq, *_: seq % 3 == 0, stride)
            shipped = flicker.readings(film, flicker.by_cadence(), stride)
            cells.append(f"{flicker.difference(whole, third):.0%} → {flicker.difference(whole, shipped):.0%}")
        yield f"| `{clip}` | {' | '.join(cells)} |"


def hard_to_read(classifier: Classifier, data: Path, every: int) -> Sequence[str]:
    """Pictures made worse: without and with a temperature that depends on their quality, and what is flagged."""
    faces = load(data)["validation"]
    samples = degraded.gather(faces, {classifier.name: classifier}, 1, every)
    return legibility.table(legibility.judge(samples, classifier.name, classifier.temperature))


def crowded(detector: Detector) -> Iterator[str]:
    """A crowd of which the most confident of each frame are kept (before), and with the rules (after)."""
    rules: dict[str, tuple[crowds.Keep, int]] = {
        "the 32 most confident": (lambda xyxy, *_: np.arange(len(xyxy))[:32], 1000),
        "`AFFECT_MAX_FACES=32`": (partial(crowd.keep, most=32), DEFAULTS.classify_faces),
        "as shipped": (partial(crowd.keep, most=DEFAULTS.max_faces), DEFAULTS.classify_faces),
        "`AFFECT_CLASSIFY_FACES=8`": (partial(crowd.keep, most=DEFAULTS.max_faces), 8),
    }
    yield f"| {PEOPLE} people | had an id | frames missing somebody | left out | classified at once | longest without |"
    yield "|---|---|---|---|---|---|"
    for name, (keep, most) in rules.items():
        outcome = crowds.follow(PEOPLE, CROWD_FRAMES, detector, keep, most)
        missing = f"{outcome.missing} of {CROWD_FRAMES}"
        cells = (len(outcome.named), missing, outcome.left_out, outcome.at_once, f"{outcome.longest_s:.2f} s")
        yield f"| {name} | {' | '.join(map(str, cells))} |"


def lit(detector: Detector) -> Iterator[str]:
    """Ids in clips of light and of cuts: by the colours alone (before), by place and looks as well (after)."""
    yield "| clip | people | ids by colours alone | as shipped | ids of two people, before → after |"
    yield "|---|---|---|---|---|"
    for clip in (*light.changes_of_light(), *light.cuts()):
        film = identity.watch(clip, detector)
        before, after = (identity.judge(clip, film, by_signature=rule) for rule in (True, False))
        passed_on = f"{before.passed_on} → {after.passed_on}"
        yield f"| {clip.name} | {after.people} | {before.ids} | {after.ids} | {passed_on} |"


def castings(detector: Detector) -> Iterator[str]:
    """Clips that go wrong, over many castings."""
    yield f"| of {12 * CASTINGS} clips, in {CASTINGS} castings | by colours alone | as shipped |"
    yield "|---|---|---|"
    kinds: dict[str, tuple[Callable[[int], Iterator[light.Clip]], Callable[[identity.Outcome], bool]]] = {
        "a change of light costs somebody the id": (light.changes_of_light, lambda outcome: outcome.lost > 0),
        "a cut passes an id on": (light.cuts, lambda outcome: outcome.passed_on > 0),
    }
    for name, (make, is_wrong) in kinds.items():
        wrong = {True: 0, False: 0}
        for clip in (clip for casting in range(CASTINGS) for clip in make(casting)):
            film = identity.watch(clip, detector)
            for rule in wrong:
                wrong[rule] += is_wrong(identity.judge(clip, film, by_signature=rule))
        yield f"| {name} | {wrong[True]} | {wrong[False]} |"


if __name__ == "__main__":
    try:
        main()
    except AffectError as error:
        raise SystemExit(str(error)) from None
