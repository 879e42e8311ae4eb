"""dashboard/history.py and latency.py: what is kept, and how little it takes."""

import gc
import tracemalloc

import msgspec
import pytest

from dashboard.history import KEEP_S, MOST_SAMPLES, MOST_TRACKS, History
from dashboard.latency import KEPT, Past, Percentiles, latency_of
from dashboard.processes import ProcessView
from dashboard.state import State
from shared.messages import EMOTIONS
from shared.status import Latency
from tests.dashboard.made import face, result, source_status, status


def at(pts, *faces, seq=None, epoch=1):
    seq = round(pts * 30) if seq is None else seq
    return msgspec.structs.replace(result(seq, epoch=epoch, faces=faces), pts=pts)


def tracks(history, seconds=60.0):
    return [track.view() for track in history.cut(seconds)]


def test_a_sample_for_each_frame_in_which_a_face_was_classified():
    """The frame's own probabilities beside the smoothed ones, to four places; a face without an id is nobody yet."""
    history = History()
    history.add(at(0.0, face(1, "happy", first_pts=0.0), face(None)))
    history.add(at(0.1, face(1, probs=None)))
    history.add(at(2.0, face(1, None, reason="blurred", first_pts=0.0)))
    history.add(at(2.1, face(1, probs=None)))
    (track,) = tracks(history)
    assert (track.track_id, track.first_pts, track.last_pts) == (1, 0.0, 2.1)
    assert track.pts == [0.0, 2.0], "what lies between is a gap"
    assert track.label == ["happy", None]
    happy = EMOTIONS.index("happy")
    assert (track.smoothed[0][happy], track.probs[0][happy], track.probs[0][0]) == (0.7, 0.7, 0.05)


def test_the_last_seconds_alone():
    """Counted from the newest frame; who has no sample in them is not listed."""
    history = History()
    for second in range(100):
        history.add(at(float(second), face(1 if second < 50 else 2)))
    assert [(track.track_id, track.pts[0]) for track in tracks(history, 10.0)] == [(2, 89.0)]
    assert [track.track_id for track in tracks(history, 60.0)] == [1, 2]


def test_a_new_epoch_begins_anew():
    """Its ids are other people's."""
    history = History()
    history.add(at(5.0, face(1)))
    history.add(at(0.0, face(1, "sad"), epoch=2))
    assert history.epoch == 2
    assert [track.label for track in tracks(history)] == [["sad"]]


def test_ten_minutes_are_kept():
    """And some more, until enough has come together to drop."""
    history = History()
    for number in range(2000):
        history.add(at(float(number), face(1 + number // 1000)))
    kept = tracks(history, 10_000.0)
    assert [track.track_id for track in kept] == [2]
    assert KEEP_S <= len(kept[0].pts) <= KEEP_S + 40


def test_tracks_and_samples_are_bounded():
    """Whoever left longest ago goes first; a face that fills everything loses its oldest samples."""
    history = History()
    for number in range(MOST_TRACKS + 50):
        history.add(at(number / 30, face(number + 1)))
    kept = tracks(history)
    assert (len(kept), kept[-1].track_id) == (MOST_TRACKS, MOST_TRACKS + 50)
    crowd = [face(number) for number in range(1000, 1030)]
    for number in range(2 * MOST_SAMPLES // len(crowd)):
        history.add(at(20 + number / 30, *crowd))
    assert sum(len(track.pts) for track in tracks(history, 600.0)) <= MOST_SAMPLES


def test_six_sources_with_five_faces_take_some_megabytes():
    """Ten minutes, each face classified ten times a second."""
    faces = [face(number) for number in range(1, 6)]
    gc.collect()
    tracemalloc.start()
    histories = [History() for _ in range(6)]
    for frame in range(700):  # a tenth of the time, a tenth of the memory
        shown = at(frame / 10, *faces, seq=frame)
        for history in histories:
            history.add(shown)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken * 10 < 12e6, f"{taken * 10 / 1e6:.1f} MB"


def seen(*latencies, silent_s=0.0):
    views = [
        ProcessView(
            **msgspec.structs.asdict(status("capture", pid=pid, latency_ms=latency)), heard_s_ago=0.0, silent=False
        )
        for pid, latency in enumerate(latencies)
    ]
    return latency_of(views, silent_s)


def test_latency_is_that_of_the_slowest_capture_while_results_come():
    """Nothing is known of the present when none has come for two seconds."""
    two = (Latency(p50=30.0, p95=50.0), Latency(p50=40.0, p95=45.0), None)
    assert seen(*two) == Percentiles(40.0, 50.0)
    assert seen(*two, silent_s=2.5) == seen(None) == Percentiles()


def test_the_past_is_six_hundred_seconds_with_gaps():
    """Oldest first, up to now."""
    past = Past()
    for second in (0, 1, 2, 5):
        past.note(Percentiles(float(second), 10.0), 1000.0 + second)
    view = past.view(1006.0)
    assert (len(view.seconds_ago), view.seconds_ago[0], view.seconds_ago[-1]) == (KEPT, KEPT - 1, 0)
    assert view.p50_ms[-7:] == [None, 0.0, 1.0, 2.0, None, None, 5.0], "the second that has not ended is not noted yet"
    assert past.view(1008.0).p50_ms[-4:] == [5.0, None, None, None]
    assert Past().view(0.0).p95_ms == [None] * KEPT


def test_the_state_notes_a_value_a_second():
    """Only while somebody gives results."""
    state = State()
    for second in range(6):
        latency = Latency(p50=30.0, p95=50.0)
        state.hear(status("capture", sources=[source_status()], latency_ms=latency), float(second))
        if second < 2:
            state.hear(result(second), float(second))
        state.note(float(second))
    assert state.latency(5.0).p50_ms[-6:] == [30.0, 30.0, 30.0, 30.0, None, None]
    assert state.snapshot(5.0).latency == Percentiles()
    assert state.history("cam9", 60.0) is None


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_probability_out_of_range_does_no_harm(share):
    """Whoever is on the bus may say anything."""
    history = History()
    history.add(at(0.0, face(1, probs=(share,) * 7)))
    assert set(tracks(history)[0].probs[0]) <= {0.0, 1.0}
