"""Sources that are closed while the capture runs, and opened again."""

import msgspec
import pytest

from capture.hosting import DRAIN_S, LEAVE_S, SAY_S
from shared.control import Opening
from shared.errors import SourceError
from tests.capture.bench import FILM, lasting
from tests.capture.made import MadeUp
from tests.dashboard.made import source_status, status


def unanswered(bench, sources):
    """A capture that waits for the answers to the four frames of a film that it has sent."""
    one = bench()
    one.reaches("given", "holding")
    one.answers = False
    lasting(sources)
    one.ask("film", FILM)
    one.until(lambda: len(one.sent("film")) == 4)
    return one


def test_a_closed_sources_frames_are_answered_before_its_end_is_said(bench, sources):
    """The smoother forgets a source that has ended, and would take what comes later for another run's."""
    one = unanswered(bench, sources)
    one.ask("film", None)
    one.turn()
    assert one.sent("film")[-1] == (4, True, "ended")
    assert one.state("film") == "running"
    one.answers = True
    one.until(lambda: one.state("film") == "ended", later=0.1)
    assert one.rows()["film"].unfinished == 0
    one.turn(SAY_S - 0.1)
    assert one.state("film") == "ended", "long enough for one status"
    one.leaves("film")
    assert all(reason in (None, "ended") for *_, reason in one.sent("film"))


def test_what_nobody_answers_is_given_up_and_then_left(bench, sources):
    """Workers may hang, and the smoother may be gone."""
    one = unanswered(bench, sources)
    one.ask("film", None)
    one.turn()
    one.turn(DRAIN_S + 0.1)
    one.turn()
    assert {seq for seq, _, reason in one.sent("film") if reason == "deadline"} == {0, 1, 2, 3}
    assert one.state("film") == "running"
    one.turn(LEAVE_S - DRAIN_S)
    one.turn()
    assert one.state("film") == "ended"
    one.leaves("film")


def test_a_reader_that_does_not_end_is_left_behind(bench, sources):
    """It waits for a network; its name is free all the same, and its frames are nobody's."""
    gate = lasting(sources)
    one = bench()
    one.ask("film", FILM)
    one.until(lambda: one.rows()["film"].seq == 4)
    reader = one.capture._hosted["film"].reader
    one.ask("film", None)
    one.until(lambda: one.state("film") == "ended")
    one.turn()
    one.turn(SAY_S + 0.1)
    assert "film" in one.rows()
    one.turn(LEAVE_S)
    assert "film" not in one.rows()
    assert reader.is_alive
    gate.release(5)
    one.until(lambda: not reader.is_alive)
    assert reader.peek() is None


def test_opened_again_while_it_is_being_closed(bench, sources):
    """The second run begins when the first is over, in a later epoch and from its start."""
    one = bench()
    gate = lasting(sources)
    one.ask("film", FILM)
    one.until(lambda: one.rows()["film"].seq == 4)
    first = one.rows()["film"].epoch
    sources["other.mp4"] = MadeUp(3)
    one.ask("film", None)
    one.ask("film", Opening(spec="other.mp4", mode="replay"))
    one.turn()
    gate.release(1)
    one.until(lambda: one.state("film") == "holding" and one.rows()["film"].epoch > first)
    assert one.sent("film")[5:] == [(5, True, "ended"), (0, False, None), (1, False, None), (2, True, None)]


@pytest.mark.parametrize("last", [FILM, None], ids=["open", "closed"])
def test_the_last_word_counts(bench, sources, last):
    """Open, close, open, close, all at once."""
    one = bench()
    asked = [FILM, None, FILM, None, *([last] if last else [])]
    one.hear(*(one.control("film", opening) for opening in asked))
    if last:
        one.reaches("film", "holding")
        assert [seq for seq, *_ in one.sent("film")] == list(range(5))
    else:
        one.leaves("film")
        assert one.sent("film") == []
    assert list(one.rows()) == ["given"] + ["film"] * bool(last)


def test_a_source_closed_at_the_time_of_its_fault_is_gone(bench, sources):
    """Whoever closed it does not want to hear of the fault."""
    one = bench()
    sources["film.mp4"] = MadeUp(script=[SourceError("no such file")])
    one.ask("film", FILM)
    one.until(lambda: one.capture._hosted["film"].reader.peek())
    one.ask("film", None)
    one.leaves("film")
    assert "film" not in one.rows()


def test_a_closed_source_is_not_outdone(bench, sources):
    """Another capture reported it just before it was closed."""
    one = bench()
    one.ask("film", FILM)
    one.reaches("film", "holding")
    one.hear(status("capture", 7, sources=[source_status("film", epoch=5)]))
    one.ask("film", None)
    one.leaves("film")
    one.turn(9.0)
    assert list(one.rows()) == ["given"]


def test_what_is_asked_twice_is_done_once(bench):
    """A request is repeated until the status agrees, and by several dashboards; so is the one to close."""
    one = bench()
    one.ask("film", FILM)
    one.reaches("film", "holding")
    epoch = one.rows()["film"].epoch
    for _ in range(3):
        one.ask("film", FILM)
        one.turn(1.0)
    assert (one.state("film"), one.rows()["film"].epoch) == ("holding", epoch)
    assert len(one.sent("film")) == 5
    for _ in range(3):
        one.ask("film", None)
        one.turn()
    one.leaves("film")
    one.ask("film", None)
    one.turn()
    assert "film" not in one.rows()


def restarted(bench, sources):
    """A killed capture's successor, and the epoch that the film was in."""
    gate = lasting(sources)
    first = bench()
    first.ask("film", FILM)
    first.until(lambda: first.rows()["film"].seq == 4 and not first.rows()["film"].unfinished)
    first.turn()
    first.capture._hosting._added["film"].lock.release()
    first.capture._hosting._claims.release()
    sources["film.mp4"] = MadeUp(8)
    second = bench(restarted=True)
    gate.release(2000)
    assert "film" not in second.rows()
    return second, first.rows()["film"].epoch


def test_a_killed_captures_replay_goes_on_where_it_was(bench, sources):
    """It has forgotten the source; asked for again in the same way, it goes on in the same epoch."""
    second, epoch = restarted(bench, sources)
    second.ask("film", FILM)
    assert second.reaches("film", "holding").epoch == epoch
    assert [seq for seq, *_ in second.sent("film")] == [5, 6, 7]


@pytest.mark.parametrize("change", [{"spec": "other.mp4"}, {"mode": "live"}, {"ack": "recorder"}], ids=str)
def test_another_source_of_that_name_begins_at_its_start(bench, sources, change):
    """Its frames are others, or other ones were skipped."""
    second, epoch = restarted(bench, sources)
    second.ask("film", msgspec.structs.replace(FILM, **change))
    second.until(lambda: second.sent("film"))
    assert second.rows()["film"].epoch > epoch


def test_what_was_closed_begins_at_its_start(bench, sources):
    """Also if the capture was killed before it was told to close it."""
    second, epoch = restarted(bench, sources)
    second.ask("film", None)
    second.ask("film", FILM)
    assert second.reaches("film", "holding").epoch > epoch
    assert [seq for seq, *_ in second.sent("film")] == list(range(8))
