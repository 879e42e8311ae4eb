"""Recording a pipeline that runs anyway."""

import pyarrow.parquet as pq
import pytest

from recorder.attach import Attached
from recorder.jobs import WORK
from recorder.manifest import read_run
from recorder.options import parse
from shared.errors import AffectError
from shared.identity import identify
from shared.results import Ack
from shared.settings import Settings
from shared.stage import Place
from shared.status import SourceStatus
from shared.topics import Envelope
from tests.recorder.made import face, film, result


@pytest.fixture
def attach(tmp_path):
    """A maker of stages that record into one folder."""
    made = []

    def make(*, minutes=60, source=None):
        (tmp_path / WORK).mkdir(exist_ok=True)
        sources = [part for name in source or () for part in ("--source", name)]
        options = parse(["--attach", "--out", str(tmp_path), "--rotate-minutes", str(minutes), *sources])
        settings = Settings(_env_file=None, runtime_dir=tmp_path / "run")
        made.append(Attached(Place(settings, identify("recorder"), tmp_path / "state"), options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def hears(stage, results, now=0.0):
    said = stage.handle([Envelope("smoothed", one.source, one) for one in results], now)
    return [one.message.seq for one in said if isinstance(one.message, Ack)]


def recorded(folder):
    """The frames of each recording, by folder."""
    return {
        path.parent.name: pq.read_table(path).column("seq").to_pylist()
        for path in sorted(folder.glob("*/frames.parquet"))
    }


def live(seq, **keys):
    return result(seq, face(), live=True, **keys)


def test_rows_are_acknowledged_and_the_end_makes_the_tables(attach, tmp_path):
    """Of the sources that were named all have ended: so does the recorder."""
    stage = attach(source=["clip"])
    assert tuple(stage.topics()) == ("status/", "smoothed/clip/")
    assert hears(stage, film(5)[:3]) == [2]
    assert hears(stage, film(5)) == [4]
    stage.stop(1.0)
    list(stage.tick(1.0))
    assert stage.finished
    assert recorded(tmp_path) == {"clip-19700101T000000Z": [0, 1, 2, 3, 4]}


def test_a_later_run_of_a_source_gets_a_folder_of_its_own(attach, tmp_path):
    """Ids and times begin anew. What an older run still says is ignored."""
    stage = attach()
    hears(stage, [live(0), live(1)])
    hears(stage, [live(0, epoch=8)])
    hears(stage, [live(2)])
    hears(stage, [live(1, epoch=8)])
    stage.stop(1.0)
    assert recorded(tmp_path) == {"clip-19700101T000000Z": [0, 1], "clip-19700101T000000Z-2": [0, 1]}


def test_a_long_recording_goes_on_in_another_folder(attach, tmp_path):
    """No row is missing or there twice."""
    stage = attach(minutes=1)
    hears(stage, [live(0), live(1)], 10.0)
    hears(stage, [live(2)], 71.0)
    hears(stage, [live(2), live(3), live(1)], 72.0)
    stage.stop(1.0)
    assert recorded(tmp_path) == {"clip-19700101T000000Z": [0, 1, 2], "clip-19700101T000000Z-2": [3]}


def test_what_a_killed_recorder_left_becomes_a_recording(attach, tmp_path):
    """Its rows were acknowledged: nobody sends them again."""
    hears(attach(), [live(0), live(1)])
    attach().stop(1.0)
    assert recorded(tmp_path) == {"clip-19700101T000000Z": [0, 1]}


def test_the_run_says_what_was_recorded(attach, tmp_path):
    """The source's spec, the model that the classifiers name, and how often results were missing."""
    stage = attach()
    status = identify("capture").status(
        "ready",
        sources=[
            SourceStatus(
                source="clip",
                spec="camera 0",
                epoch=7,
                state="running",
                live=True,
                seq=0,
                window=2,
                unfinished=0,
                fps=30.0,
            )
        ],
    )
    said = identify("classifier").status("ready", detail="other-net-1 on cpu")
    list(stage.handle([status, said], 0.0))
    hears(stage, [live(0), live(3, prev=2, acked=2)])
    stage.stop(1.0)
    run = read_run(tmp_path / "clip-19700101T000000Z")
    assert (run["input"]["path"], run["model"]["name"]) == ("camera 0", "other-net-1")
    assert run["warnings"] == ["1 times results were missing"]


def test_half_a_film_is_not_taken_for_a_camera(attach, tmp_path):
    """It is to be gone on with by who began it."""
    (tmp_path / WORK / "film").mkdir(parents=True)
    with pytest.raises(AffectError, match="unfinished recording of a file"):
        attach()
