"""Any order of opening and closing, whatever is in flight: epochs end once, and nothing is left behind."""

import random
import threading
from collections import defaultdict
from itertools import pairwise

import pytest

from capture.dispatch import LIVE_MOST, REPLAY_MOST
from capture.hosting import SAY_S
from capture.sources import SourceUnavailable
from shared import messages as m
from shared.control import Opening
from shared.errors import SourceError
from shared.members import STATUS_FRESH_S
from tests.capture.bench import Bench, lasting
from tests.capture.made import MadeUp
from tests.dashboard.made import source_status, status

OPENINGS = [
    Opening(spec="short.mp4", mode="replay"),
    Opening(spec="short.mp4", mode="replay", at_end="loop"),
    Opening(spec="long.mp4", mode="live"),
    Opening(spec="kept.mp4", mode="replay", ack="recorder"),
    Opening(spec="lost.mp4"),
    Opening(spec="a.mp4,b.mp4"),
    Opening(spec="pushed"),
    None,
    None,
]


def source_of(spec, **_):
    """What a spec leads to."""
    if spec == "lost.mp4":
        return MadeUp(script=[SourceError("no such file")])
    return MadeUp(10_000 if spec == "long.mp4" else 7)


def runs(one):
    """What was said of each run's frames: by source and epoch, (seq, end), each once."""
    said: dict[tuple[str, int], list[tuple[int, bool]]] = defaultdict(list)
    for message in one.said:
        if isinstance(message, m.Frame | m.Gone):
            known = said[message.source, message.epoch]
            if (message.seq, message.end) not in known:
                known.append((message.seq, message.end))
    return said


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_asked_in_whatever_order(bench, monkeypatch, seed):
    """Two dashboards that do not know of each other, workers that answer late, and requests that come all at once."""
    monkeypatch.setattr("capture.host.open_source", source_of)
    before = threading.active_count()
    chance = random.Random(seed)
    one: Bench = bench()
    names = ["a", "b", "c"]
    for _ in range(60):
        asked = [one.control(chance.choice(names), chance.choice(OPENINGS)) for _ in range(chance.choice([0, 1, 1, 3]))]
        one.hear(*asked)
        one.answers = chance.random() < 0.7
        for _ in range(chance.randrange(4)):
            one.turn(chance.choice([0.0, 0.1, 0.6, 1.5]))
        assert set(one.rows()) <= {"given", *names}
    one.answers = True
    for name in names:
        one.ask(name, None)
        one.leaves(name)
    for (source, _), frames in runs(one).items():
        if source != "given":
            assert [end for _, end in frames].count(True) == 1, frames
            assert max(frames) == next(frame for frame in frames if frame[1]), "nothing comes after the end"
    assert list(one.rows()) == ["given"]
    assert not [path for path in one.folder.rglob("*") if path.name.startswith(("source-a", "a.", "b.", "c."))]
    one.until(lambda: threading.active_count() <= before + 1)


def test_one_dashboard_opens_what_another_closes(bench, sources):
    """Each repeats itself every second; every run is whole, and later than the one before."""
    one = bench()
    lasting(sources, "film.mp4")
    for _ in range(5):
        one.ask("film", Opening(spec="film.mp4", mode="replay"))
        one.turn(0.5)
        one.ask("film", None)
        one.turn(SAY_S)
    one.leaves("film")
    epochs = [epoch for source, epoch in runs(one) if source == "film"]
    assert all(earlier < later for earlier, later in pairwise(epochs))


def test_a_camera_is_closed_with_a_frame_in_flight(bench, sources):
    """Its frame is answered or given up at its own deadline; then comes the end."""
    one = bench()
    gate = lasting(sources)
    one.reaches("given", "holding")
    one.answers = False
    one.ask("cam", Opening(spec="film.mp4"))
    one.until(lambda: one.sent("cam"))
    (last, *_), count = one.sent("cam")[-1], len(one.sent("cam"))
    one.ask("cam", None)
    gate.release(9)
    one.turn()
    assert one.sent("cam")[count:] == [(last + 1, True, "ended")]
    one.turn(0.6)
    one.turn()
    assert {reason for *_, reason in one.sent("cam")[count + 1 :]} == {"deadline"}
    one.answers = True
    one.leaves("cam")
    assert max(seq for seq, *_ in one.sent("cam")) == last + 1


def test_a_smoother_that_joins_hears_of_the_end(bench, sources):
    """It was restarted while the source was being closed."""
    one = bench()
    lasting(sources)
    one.ask("film", Opening(spec="film.mp4", mode="replay"))
    one.until(lambda: one.rows()["film"].seq == 4 and not one.rows()["film"].unfinished)
    one.answers = False
    one.ask("film", None)
    one.turn()
    one.subscribe("faces/", joined=False)
    one.turn()
    one.subscribe("faces/", joined=True)
    one.turn()
    assert one.sent("film")[-2:] == [(5, True, "ended")] * 2


def test_a_camera_that_is_gone_does_not_speak_for_the_capture(bench, sources):
    """The capture is ready for other sources."""
    one = bench()
    sources["film.mp4"] = MadeUp(live=True, script=[SourceUnavailable("unplugged")] * 99)
    one.ask("cam", Opening(spec="film.mp4"))
    one.capture._hosted.pop("given").stop()
    one.reaches("cam", "reconnecting")
    one.turn()
    assert one.capture.state == "ready"


def test_an_unknown_faults_words_hide_passwords(bench, monkeypatch):
    """Whoever raised it did not know that they are shown."""

    def fail(spec, **_):
        raise ValueError(f"cannot open {spec}")

    one = bench()
    monkeypatch.setattr("capture.host.open_source", fail)
    one.ask("cam", "rtsp://me:secret@door/1")
    assert one.rows()["cam"].error == "ValueError: cannot open rtsp://me:***@door/1"
    assert "secret" not in str(one.logs)


def test_a_fault_of_a_source_that_is_being_closed_is_nobodys_concern(bench, sources):
    """Another capture had the name, too, and its own frames were lost; it is closed all the same."""
    one = bench()
    lasting(sources)
    one.ask("film", Opening(spec="film.mp4", mode="replay"))
    one.until(lambda: one.rows()["film"].seq == 4)
    one.answers = False
    one.hear(status("capture", 7, sources=[source_status("film", epoch=one.rows()["film"].epoch + 5)]))
    one.ask("film", None)
    one.turn()
    one.turn(STATUS_FRESH_S + 0.1)
    assert one.rows()["film"].error is None
    one.leaves("film")


def test_what_is_shared_forgets_a_closed_camera(bench, sources):
    """Beside cameras workers get fewer frames at once, and one that waits for a classifier has its turn."""
    one = bench()
    one.reaches("given", "holding")
    dispatch = one.capture._dispatch
    assert dispatch._most == REPLAY_MOST
    one.ask("cam", Opening(spec="film.mp4"))
    one.until(lambda: one.sent("cam"))
    assert dispatch._most == LIVE_MOST
    assert "cam" in dispatch._asks
    one.ask("cam", None)
    one.leaves("cam")
    one.turn()
    assert dispatch._most == REPLAY_MOST
    assert "cam" not in dispatch._asks
