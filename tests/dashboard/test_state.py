"""dashboard/state.py: pictures joined to results, sources that fall silent, bounded memory."""

import msgspec
import pytest

from dashboard import source
from dashboard import state as s
from dashboard.processes import MOST_PROCESSES
from shared.results import Ack
from tests.dashboard.made import preview, result, source_status, status


def heard(*messages, now=0.0):
    state = s.State()
    for message in messages:
        state.hear(message, now)
    return state


@pytest.mark.parametrize("order", [(preview(3), result(3)), (result(3), preview(3))])
def test_a_picture_is_a_preview_and_the_result_of_the_same_frame(order):
    """Whichever comes first, the two are joined by epoch and seq."""
    picture = heard(*order).snapshot(0).pictures["cam0"]
    assert picture == (b"cam0 1 3", result(3), None)


@pytest.mark.parametrize("other", [result(4), result(3, epoch=2), result(3, source="cam1")])
def test_an_overlay_is_never_drawn_on_another_frame(other):
    """A result of another seq, epoch or source makes no picture of this preview, in either order."""
    assert heard(preview(3), other).snapshot(0).pictures == {}
    assert heard(other, preview(3)).snapshot(0).pictures == {}


def test_a_picture_never_goes_back():
    """What arrives late of an older frame changes neither the picture nor the newest result."""
    state = heard(preview(1), preview(2), result(2), result(1))
    assert not state.hear(preview(1), 0)
    assert not state.hear(result(1), 0)
    assert state.snapshot(0).pictures["cam0"].result.seq == 2
    assert state.snapshot(0).sources[0].result == result(2)


def test_a_new_epoch_replaces_the_old_one():
    """Epochs only grow: frame 0 of the next is newer than frame 9 of this one."""
    state = heard(preview(9), result(9), preview(0, epoch=2), result(0, epoch=2), result(10))
    assert state.snapshot(0).pictures["cam0"].result.epoch == 2
    assert state.snapshot(0).sources[0].result.epoch == 2


def test_a_result_without_a_preview_is_the_newest_result_all_the_same():
    """Previews are fewer than frames; /api/sources does not wait for one."""
    state = heard(preview(1), result(1), result(2))
    assert state.snapshot(0).sources[0].result == result(2)
    assert state.snapshot(0).pictures["cam0"].result == result(1)


def test_only_what_a_viewer_would_see_is_news():
    """Results, joined pictures and statuses are; half a picture and a result that was seen before are not."""
    state = s.State()
    heard_in_turn = (preview(1), result(1), result(1), result(2), preview(2), status())
    assert [state.hear(message, 0) for message in heard_in_turn] == [False, True, False, True, True, True]


def test_repeated_results_are_counted_once():
    """`smoothed/` is at least once."""
    assert heard(result(1), result(1), result(2)).snapshot(0).results == {"cam0": 2}


def test_results_per_second():
    """The rate is that of the last seconds, and 0 once nothing comes any more."""
    state = s.State()
    for seq in range(51):
        state.hear(result(seq), seq / 25)
    assert state.snapshot(2.0).sources[0].results_per_s == pytest.approx(25, abs=0.5)
    assert state.snapshot(9.0).sources[0].results_per_s == 0


def test_what_waits_for_its_counterpart_is_bounded():
    """Previews without results, and results without previews, never pile up."""
    state = s.State()
    for seq in range(10 * source.MOST_UNJOINED):
        state.hear(preview(seq, jpeg=b"x"), 0)
        state.hear(result(seq, source="cam1"), 0)
    held = [len(waiting) for one in state._sources.values() for waiting in (one._previews, one._results)]
    assert held == [source.MOST_UNJOINED, 0, 0, source.MOST_UNJOINED]


def test_sources_and_processes_are_bounded():
    """However many names are made up on the bus."""
    state = s.State()
    for number in range(1000):
        state.hear(result(0, source=f"s{number}"), 0)
        state.hear(status(pid=number), 0)
    assert len(state.snapshot(0).sources) == s.MOST_SOURCES
    assert len(state.snapshot(0).processes) == MOST_PROCESSES


def test_a_joined_frame_frees_all_before_it():
    """After frame 9 is shown, nothing of frames 0 to 9 is kept but its picture."""
    state = heard(*[preview(seq) for seq in range(10)], *[result(seq) for seq in range(10)])
    held = state._sources["cam0"]
    assert (held._previews, held._results) == ({}, {})


def test_no_image_is_kept_when_nobody_watches():
    """Pictures and previews go, results stay."""
    state = heard(preview(1), result(1), preview(2))
    state.forget_pictures()
    assert state.snapshot(0).pictures == {}
    state.hear(result(2), 0)
    assert state.snapshot(0).pictures == {}
    assert state.snapshot(0).sources[0].result == result(2)


def test_frames_that_come_without_results_are_noticed():
    """From when they come, and from the last complete result on; not while none are due."""
    state = heard(status("capture", sources=[source_status(fps=0.0, unfinished=0)]))

    def due_s(now):
        return state.snapshot(now).sources[0].overdue_s.get("results")

    assert due_s(1) is None
    state.hear(status("capture", sources=[source_status()]), 1)
    state.hear(result(1), 4)
    state.hear(status("capture", sources=[source_status()]), 5)
    assert due_s(6) == 2
    state.hear(msgspec.structs.replace(result(2), complete=False), 6)
    assert due_s(7.5) == 3.5
    state.hear(status("capture", sources=[source_status(state="reconnecting")]), 8)
    assert due_s(8) is None


def test_a_result_of_a_later_epoch_that_no_capture_knows_changes_nothing():
    """One wrong number must not hide all real results; a later epoch that is said is taken at once."""
    state = heard(status("capture", sources=[source_status(epoch=1)]), result(1))
    state.hear(result(0, epoch=1_000_000), 0)
    state.hear(result(2), 0)
    assert state.snapshot(0).sources[0].result == result(2)
    state.hear(status("capture", sources=[source_status(epoch=2)]), 1)
    state.hear(result(0, epoch=2), 1)
    assert state.snapshot(1).sources[0].result.epoch == 2


def test_an_earlier_epoch_is_shown_if_its_capture_says_so():
    """A capture that was started anew after the clock had gone back."""
    state = heard(status("capture", sources=[source_status(epoch=9)]), preview(5, epoch=9), result(4, epoch=9))
    state.hear(status("capture", pid=2, sources=[source_status(epoch=3)]), 4.0)
    for message in (preview(0, epoch=3), result(0, epoch=3)):
        state.hear(message, 4.0)
    assert state.snapshot(4.0).pictures["cam0"].result.epoch == 3


def test_a_source_is_known_from_its_capture_alone():
    """Before the first result a source is listed with its status."""
    view = heard(status("capture", sources=[source_status()])).snapshot(0).sources[0]
    assert (view.source, view.capture, view.state, view.result) == ("cam0", "capture-host-1", "running", None)


def test_a_source_is_silent_with_its_capture_and_then_forgotten():
    """3 s and 15 s, as for processes."""
    state = heard(status("capture", sources=[source_status()]), result(1))
    assert state.snapshot(3.2).sources[0].state == "silent"
    state.forget(15.1)
    assert state.snapshot(15.1).sources[0].state == "silent", "as long as its capture is listed"
    state.hear(status("capture", pid=2), 15.1)
    state.forget(15.2)
    assert state.snapshot(15.2).sources == []


def test_a_source_that_was_closed_is_gone_at_once():
    """Its capture lists it no more; a result that comes late does not make a fault of it."""
    state = heard(status("capture", sources=[source_status()]), result(1))
    state.hear(status("capture"), 1.0)
    state.hear(result(2), 1.1)
    assert state.snapshot(1.2).sources == []


def test_a_source_at_rest_keeps_its_newest_result():
    """At its end a source may hold: its capture still reports it, and nothing new comes."""
    state = heard(result(1))
    state.hear(status("capture", sources=[source_status(state="holding")]), 20)
    state.forget(20)
    assert state.snapshot(20).sources[0].result == result(1)


def test_a_restarted_capture_reports_its_source():
    """The status heard last counts, though the dead capture's is still there."""
    state = heard(status("capture", pid=1, sources=[source_status(state="reconnecting")]))
    state.hear(status("capture", pid=2, sources=[source_status()]), 1)
    assert state.snapshot(1).sources[0].state == "running"


def test_other_messages_change_nothing():
    """The dashboard may hear what it has no use for."""
    state = s.State()
    assert not state.hear(Ack(source="cam0", epoch=1, seq=1), 0)
    assert state.snapshot(0).sources == []
