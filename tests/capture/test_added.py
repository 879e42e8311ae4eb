"""Sources that are opened while the capture runs: what is read, and what is refused."""

import os
import threading

import pytest

from capture import hosting
from capture.hosting import MOST_SOURCES
from shared import locks
from shared.control import Opening
from shared.errors import SourceError
from tests.capture.bench import FILM, lasting
from tests.capture.made import MadeUp
from tests.dashboard.made import source_status, status


def test_a_source_is_opened_read_and_closed(bench):
    """It is in the status as added; once closed, nothing is left of it."""
    one = bench()
    one.ask("film", FILM)
    row = one.reaches("film", "holding")
    assert (row.added, row.live, row.spec) == (True, False, "made up")
    assert not one.rows()["given"].added
    assert one.sent("film") == [(seq, seq == 4, None) for seq in range(5)]
    one.ask("film", None)
    one.leaves("film")
    assert not list(one.capture._place.state_dir.glob("film*"))
    assert not list(one.capture._place.settings.runtime_dir.glob("source-film*"))
    assert not [topic for topic in one.capture.further_topics(one.now) if "film" in topic]


def test_no_frame_is_sent_before_its_answers_can_be_heard(bench):
    """The bus takes a moment to pass subscriptions on; a result that came earlier would be lost."""
    one = bench()
    one.turn()
    one.passes_on = False
    one.ask("film", FILM)
    one.reaches("film", "running")
    for _ in range(20):
        one.turn()
    assert one.sent("film") == []
    one.passes_on = True
    one.reaches("film", "holding")
    assert len(one.sent("film")) == 5


@pytest.mark.parametrize(("at_end", "state"), [("hold", "holding"), ("loop", "running")])
def test_each_source_has_its_own_mode_and_end(bench, at_end, state):
    """Whatever the capture was started with."""
    one = bench(capture_at_end="exit")
    one.ask("film", "film.mp4", mode="live", at_end=at_end)
    one.until(lambda: one.sent("film"))
    first = one.rows()["film"].epoch
    one.until(lambda: at_end == "hold" or one.rows()["film"].epoch > first)
    assert one.reaches("film", state).live
    one.ask("kept", "kept.mp4", mode="replay", ack="recorder")
    one.until(lambda: "kept" in one.rows() and len(one.sent("kept")) == 5)
    for _ in range(20):
        one.turn()
    kept = one.rows()["kept"]
    assert (kept.state, kept.unfinished) == ("running", 5), "no recorder acknowledges them"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "no source is listed"),
        ("a.mp4,b.mp4", "is a list"),
        ("rtsp://host:port/", "no valid host and port"),
        ("x=", "names nothing"),
    ],
)
def test_what_is_no_source_is_refused_until_it_is_closed(bench, spec, words):
    """In one line, with what is wrong; asked again, nothing is tried again."""
    one = bench()
    for _ in range(2):
        one.ask("film", spec)
        one.turn()
    row = one.rows()["film"]
    assert (row.state, row.added, row.seq) == ("refused", True, -1)
    assert words in row.error
    assert "'film'" in row.error
    assert len([entry for entry in one.logs if entry["event"] == "source refused"]) == 1
    one.ask("film", None)
    one.turn()
    assert "film" not in one.rows()


def test_what_cannot_be_read_is_refused_and_the_others_go_on(bench, sources):
    """Unlike a source that the capture was started with, which ends the process."""
    one = bench()
    sources["film.mp4"] = MadeUp(script=[SourceError("film.mp4: no\nsuch file")])
    one.ask("film", FILM)
    row = one.reaches("film", "refused")
    assert row.error == "film.mp4: no such file"
    one.until(lambda: len(one.sent("given")) == 5)
    sources["film.mp4"] = MadeUp(3)
    one.ask("film", FILM)
    one.turn()
    assert one.state("film") == "refused"
    one.ask("film", None)
    one.ask("film", FILM)
    one.reaches("film", "holding")


class Breaks(MadeUp):
    """Its decoder fails at the third frame."""

    def read(self):
        if self._next == 2:
            raise RuntimeError("a bug")
        return super().read()


def test_a_fault_on_the_way_ends_its_epoch_alone(bench, sources):
    """Whoever listens learns that nothing more comes; a fault of the project's own is none of the process, either."""
    one = bench()
    sources["film.mp4"] = Breaks(5)
    one.ask("film", FILM)
    row = one.reaches("film", "refused")
    assert row.error == "RuntimeError: a bug"
    assert row.epoch > 0, "so that the smoother forgets it"
    assert one.sent("film") == [(0, False, None), (1, False, None), (2, True, "ended")]


def test_what_the_capture_was_started_with_stays(bench):
    """It is neither closed nor opened again, and its fault ends the process."""
    one = bench()
    one.reaches("given", "holding")
    for asked in (None, FILM):
        one.ask("given", asked)
        one.turn()
    assert list(one.rows()) == ["given"]
    assert one.state("given") == "holding"
    assert not one.rows()["given"].added
    (said,) = [entry for entry in one.logs if entry["event"] == "control ignored"]
    assert "given at the start" in said["error"]


def test_a_name_in_use_stays_what_it_is(bench):
    """Two dashboards, one name: the first one has it until it is closed."""
    one = bench()
    one.ask("film", FILM)
    one.reaches("film", "holding")
    one.ask("film", Opening(spec="other.mp4", mode="replay"))
    one.turn()
    assert one.state("film") == "holding"
    assert any("is open as something else" in entry.get("error", "") for entry in one.logs)


def test_a_name_of_another_capture_is_refused(bench, tmp_path):
    """On this host its lock says so, on another one its status, as long as it comes."""
    one = bench()
    lock = locks.take(tmp_path, "source-film", "the source 'film'")
    one.ask("film", FILM)
    assert f"in use by process {os.getpid()}" in one.rows()["film"].error
    lock.release()
    one.ask("film", None)
    other = status("capture", 7, sources=[source_status("film")])
    one.hear(other)
    one.ask("film", FILM)
    assert one.rows()["film"].error == f"the source 'film' is hosted by {other.process}"
    one.ask("film", None)
    one.turn(2.1)
    one.ask("film", FILM)
    one.reaches("film", "holding")


def test_a_capture_has_so_many_sources_at_most(bench, monkeypatch):
    """Each has a thread and a window; and the list of those refused is no longer than that."""
    monkeypatch.setattr(hosting, "MOST_SOURCES", 3)
    one = bench()
    for number in range(8):
        one.ask(f"film-{number}", FILM)
    refused = [name for name, row in one.rows().items() if row.state == "refused"]
    assert len(one.rows()) == 6
    assert refused == ["film-5", "film-6", "film-7"]
    assert "3 sources, which is the most" in one.rows()["film-7"].error
    assert MOST_SOURCES == 64


def test_only_the_given_sources_end_the_process(bench, sources):
    """With `exit` it ends when they have ended, whether others have been added or not."""
    gate = threading.Semaphore(0)
    sources["demo"] = MadeUp(5, gate=gate)
    one = bench(capture_at_end="exit")
    one.ask("phone", "pushed")
    one.ask("film", FILM)
    one.reaches("film", "holding")
    assert not one.capture.finished
    gate.release(6)
    one.until(lambda: one.capture.finished)
    assert one.state("phone") == "running"


def test_an_added_source_that_ended_elsewhere_is_none_of_the_list(bench):
    """It only has the same name."""
    one = bench()
    one.hear(status("capture", 7, sources=[source_status("given", "ended", added=True)]))
    assert one.capture._others.ended == set()


def test_an_excerpt_is_of_the_given_sources(bench):
    """AFFECT_CAPTURE_START was not meant for a film that is opened later."""
    one = bench(capture_start=0.1, capture_end=0.2)
    one.ask("film", FILM)
    one.reaches("film", "holding")
    one.reaches("given", "holding")
    assert [seq for seq, *_ in one.sent("given")] == [3, 4]
    assert len(one.sent("film")) == 5


def test_a_replay_beside_another_captures_is_refused(bench, sources):
    """Another capture had the name meanwhile, so it is not whole; alone, that would end the process."""
    one = bench()
    lasting(sources)
    one.ask("film", FILM)
    one.until(lambda: one.rows()["film"].seq == 4)
    one.hear(status("capture", 7, sources=[source_status("film", epoch=one.rows()["film"].epoch + 5)]))
    one.until(lambda: one.state("film") == "refused", later=0.5)
    assert "another capture of 'film' ran meanwhile" in one.rows()["film"].error


def test_refused_elsewhere_is_not_hosted_elsewhere(bench):
    """A capture that was asked in vain is no rival."""
    one = bench()
    one.ask("film", FILM)
    one.turn()
    one.hear(status("capture", 7, sources=[source_status("film", "refused", epoch=0, added=True)]))
    one.turn()
    assert one.capture.error is None
    one.turn(9.0)
    assert one.capture.error is None
