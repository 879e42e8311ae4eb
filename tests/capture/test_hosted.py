"""One hosted source: its reader's thread, its epochs, its end, and where a killed replay goes on."""

import socket
import threading
import time
from dataclasses import replace

import msgspec
import pytest
import structlog

from capture.dispatch import Workers
from capture.hosted import Hosted
from capture.policy import Policy
from capture.progress import Progress
from capture.reader import Reader
from capture.report import report
from capture.sources import SourceUnavailable
from shared.errors import ConfigurationError, SourceError
from tests.capture.made import MadeUp, admit
from tests.dashboard.made import face, result

READY = Workers(detectors=1, classifiers=1, smoother=True)
NOBODY = Workers(detectors=0, classifiers=0, smoother=False)


class Host:
    """A run with its wake-up socket, turned by hand."""

    def __init__(self, source, tmp_path, live=False, at_end="exit", progress=None, workers=READY):
        self.ears, mouth = socket.socketpair()
        mouth.setblocking(False)
        self._mouth = mouth
        policy = Policy(live=live, size=2)
        reader = Reader(source, live=live, wake=mouth, resume_after=progress.acked if progress else None)
        self.run = Hosted("s", "made up", reader, policy, at_end, tmp_path / "s.json", progress)
        self.workers = workers
        self.seen = []
        self.run.start()

    def turn(self, answer=True):
        """One turn of the capture's loop; everything admitted is answered at once."""
        self.run.advance(self.workers, 0.0, 1_000_000_000)
        self.run.save()
        for flight in list(self.run.window.flights.values()):
            key = (self.run.epoch, flight.seq, flight.end, flight.gone)
            if key not in self.seen:
                self.seen.append(key)
            if answer:
                self.run.answered(result(flight.seq), 0.0)
        self.run.advance(self.workers, 0.0, 1_000_000_000)
        self.run.save()

    def until(self, condition, **how):
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, (self.run.state, self.seen)
            self.turn(**how)
            time.sleep(0.001)

    def close(self):
        self.run.stop()
        self.ears.close()
        self._mouth.close()


@pytest.fixture
def host(tmp_path):
    hosts = []

    def make(source, **how):
        hosts.append(Host(source, tmp_path, **how))
        return hosts[-1]

    yield make
    for one in hosts:
        one.close()


def test_a_replay_gives_every_frame_and_ends(host):
    """Every frame once, in order, the last with `end`; then the source has ended."""
    one = host(MadeUp(5))
    one.until(lambda: one.run.state == "ended")
    assert [(seq, end) for _, seq, end, _ in one.seen] == [(0, False), (1, False), (2, False), (3, False), (4, True)]


def test_the_mediums_own_start_is_told(host):
    """A recording's `pts` begin at 0; its own time stamp of the first frame is in the status."""
    one = host(MadeUp(2))
    one.until(lambda: one.run.state == "ended")
    told = report(one.run, 0.0, one.run.effort(), overloaded=False)
    assert told.starts_s == 10.0


def test_nothing_is_taken_before_there_is_somebody_to_work(host):
    """Frames wait in the reader, two at most, until a detector, a classifier and a smoother are there."""
    one = host(MadeUp(5), workers=NOBODY)
    one.until(lambda: one.run.state == "running")
    for _ in range(20):
        one.turn()
    assert one.seen == []
    one.workers = READY
    one.until(lambda: one.run.state == "ended")
    assert len(one.seen) == 5


def test_replay_waits_for_a_classifier_and_live_does_not():
    """Live, boxes without emotions are better than nothing; a replay has to be complete."""
    without = Workers(detectors=1, classifiers=0, smoother=True)
    assert without.are_ready(live=True)
    assert not without.are_ready(live=False)
    assert not Workers(detectors=1, classifiers=1, smoother=False).are_ready(live=True)


def test_the_window_bounds_what_is_in_flight(host):
    """Without answers no more than the window is admitted."""
    one = host(MadeUp(50))
    one.until(lambda: len(one.run.window.flights) == 2, answer=False)
    for _ in range(20):
        one.turn(answer=False)
    assert len(one.run.window.flights) == 2


def test_loop_starts_an_epoch_when_the_one_before_is_through(host):
    """Epochs never overlap, and each is larger than the one before."""
    one = host(MadeUp(3), at_end="loop")
    one.until(lambda: len({epoch for epoch, *_ in one.seen}) == 3)
    epochs = [epoch for epoch, *_ in one.seen]
    assert epochs == sorted(epochs)
    first = [seq for epoch, seq, *_ in one.seen if epoch == epochs[0]]
    assert first == [0, 1, 2]


def test_hold_stays(host):
    """With `hold` nothing more is sent, and the source is neither running nor ended."""
    one = host(MadeUp(3), at_end="hold")
    one.until(lambda: one.run.state == "holding")
    assert len(one.seen) == 3


def test_a_lost_camera_ends_its_epoch_and_comes_back_with_a_new_one(host, monkeypatch):
    """Unplugged: `gone` with `end`, then a new epoch when the device answers again."""
    monkeypatch.setattr("capture.reader._FIRST_BACK_OFF_S", 0.05)
    gate = threading.Semaphore(3)  # both frames and the failure, once: reopened, it stays open
    one = host(MadeUp(2, script=[None, SourceUnavailable("no such device")], live=True, gate=gate), live=True)
    one.until(lambda: one.run.state == "reconnecting")
    one.until(lambda: any(gone == "ended" for *_, gone in one.seen))
    lost = one.run.epoch
    assert one.run.error
    one.until(lambda: one.run.state == "running" and one.run.epoch > lost)
    assert one.run.error is None
    gate.release(3)


def test_a_killed_cameras_new_epoch_is_a_later_one_whatever_the_clock_says(host, tmp_path):
    """The clock was set back meanwhile; an epoch that is not later would be taken for an old one's late frames."""
    camera = host(MadeUp(9, live=True), live=True, progress=Progress(5_000_000, None))
    camera.until(lambda: camera.seen)
    assert camera.run.epoch == 5_000_001
    assert msgspec.json.decode((tmp_path / "s.json").read_bytes(), type=Progress).epoch == 5_000_001


def test_a_source_goes_on_after_another_captures_epoch(host):
    """Another capture had the same camera for a while: only a later epoch than its own is listened to now."""
    gate = threading.Semaphore(0)
    one = host(MadeUp(9, live=True, gate=gate), live=True)
    gate.release(1)
    one.until(lambda: one.run.window.flights, answer=False)
    one.run.outdo(7_000_000, now_ns=1_000_000_000)
    assert not one.run.window.flights
    gate.release(8)
    one.until(lambda: one.seen and one.seen[-1][0] == 7_000_001 and not one.run.window.flights)
    gate.release(99)  # its reader can end


def test_a_replay_beside_another_is_not_whole(host):
    """Its frames were answered as old ones, and it cannot say which."""
    with pytest.raises(ConfigurationError, match="another capture of 's' ran meanwhile"):
        host(MadeUp(5)).run.outdo(7_000_000, now_ns=0)


def test_live_the_newest_wins_and_the_rest_is_counted(host):
    """Frames that no one had room for are replaced, never queued."""
    gate = threading.Semaphore(0)
    one = host(MadeUp(100, live=True, gate=gate), live=True)
    one.until(lambda: one.run.state == "running")
    gate.release(101)
    skipped = 0

    def accounted_for():
        nonlocal skipped
        skipped += one.run.take_skipped()
        return len(one.seen) + skipped >= 99  # one may wait for room

    one.until(accounted_for, answer=False)
    assert len(one.run.window.flights) <= 2
    one.until(lambda: 99 in [seq for _, seq, *_ in one.seen])
    assert skipped > 0


def test_a_killed_replay_goes_on_after_the_last_acknowledged_frame(host, tmp_path):
    """The same epoch, the next frame, the same `prev`; nothing is sent twice, nothing is left out."""
    first = host(MadeUp(6))
    first.until(lambda: len(first.seen) >= 3)
    written = msgspec.json.decode((tmp_path / "s.json").read_bytes(), type=Progress)
    assert written.acked is not None
    second = host(MadeUp(6), progress=written)
    second.until(lambda: second.run.state == "ended")
    assert [seq for _, seq, *_ in second.seen] == list(range(written.acked + 1, 6))
    assert {epoch for epoch, *_ in second.seen} == {written.epoch}
    assert written.classified is not None
    assert written.classified.seq == written.acked // 3 * 3, "so that it classifies the same frames"


def test_a_replay_killed_after_its_end_stays_ended(host):
    """A capture that waits for its siblings does not start over when it is restarted."""
    one = host(MadeUp(3), progress=Progress(5, 2, ended=True))
    one.turn()
    assert (one.run.state, one.seen) == ("ended", [])


def test_what_is_read_and_its_losses_are_told_at_its_opening_and_once(host):
    """A still picture and a camera never end, and a looped folder has the same losses each time."""
    source = MadeUp(2, warnings=["half of it is missing"])
    source.label = "made up (4x4)"
    with structlog.testing.capture_logs() as logs:
        one = host(source, at_end="loop")
        one.until(lambda: one.run.state == "running")
        assert one.run.label == "made up (4x4)"
        assert [entry["fault"] for entry in logs if entry["log_level"] == "warning"] == ["half of it is missing"]
        one.until(lambda: len({epoch for epoch, *_ in one.seen}) == 3)
    assert [entry["fault"] for entry in logs if entry["log_level"] == "warning"] == ["half of it is missing"]
    assert {entry["spec"] for entry in logs if entry["event"] == "source open"} == {"made up (4x4)"}


def test_a_mistake_of_the_user_reaches_the_main_loop(host):
    """A missing file is told by the thread and raised where the process can end with code 2."""
    one = host(MadeUp(script=[SourceError("film.mp4: no such file")]))
    with pytest.raises(SourceError, match=r"film\.mp4"):
        one.until(lambda: False)


def test_a_fault_of_the_reader_is_no_silence(host):
    """A bug in a source ends the process, which is then restarted, instead of leaving a source that gives nothing."""
    one = host(MadeUp(script=[RuntimeError("bug")]))
    with pytest.raises(RuntimeError, match="bug"):
        one.until(lambda: False)


class Paced(MadeUp):
    """Shown live by its time stamps; like a recording behind a URL it may not know its last frame."""

    paced = True

    def __init__(self, count, knows_its_end=True):
        super().__init__(count)
        self._knows = knows_its_end

    def read(self):
        frame = super().read()
        return frame if frame is None or self._knows else replace(frame, last=False)


def test_the_last_frame_is_shown_as_long_as_the_others(host):
    """A looped recording keeps its pace; a picture alone does not spin."""
    one = host(Paced(3), live=True, at_end="loop")
    began = time.monotonic()
    one.until(lambda: len({epoch for epoch, *_ in one.seen}) == 3)
    assert time.monotonic() - began >= 6 / 30
    alone = host(Paced(1), live=True, at_end="loop")
    end = time.monotonic() + 0.3
    alone.until(lambda: time.monotonic() > end)
    assert len(alone.seen) == 1


def test_a_recording_that_does_not_know_its_last_frame_ends_its_epoch(host):
    """Whoever waits for `end` is told, by a frame that was given up."""
    one = host(Paced(3, knows_its_end=False), live=True, at_end="hold")
    one.until(lambda: one.run.state == "holding")
    *frames, last = [(seq, end, gone) for _, seq, end, gone in one.seen]
    assert last == (3, True, "ended")
    assert frames[-1] == (2, False, None)
    assert {(end, gone) for _, end, gone in frames} == {(False, None)}, "a slow machine may have skipped some"


class Jumping(MadeUp):
    """Its time stamps leap at frame 2 by 500 s and at frame 4 back by a second."""

    def read(self):
        frame = super().read()
        return frame if frame is None else replace(frame, jump_s={2: 500.0, 4: -1.0}.get(frame.index, 0.0))


def test_live_a_jump_in_time_begins_a_new_epoch(host):
    """Whoever listens is told that one ended, and the next one counts from 0; a hiccup of the clock is none."""
    gate = threading.Semaphore(0)
    one = host(Jumping(6, live=True, gate=gate), live=True)
    with structlog.testing.capture_logs() as logs:
        times = []
        for count in range(1, 7):
            gate.release()
            one.until(lambda at=count: len([gone for *_, gone in one.seen if not gone]) == at)
            times.append(one.run.asks.last_pts)
    first, second = sorted({epoch for epoch, *_ in one.seen})
    assert [(epoch, seq, end, gone) for epoch, seq, end, gone in one.seen] == [
        (first, 0, False, None),
        (first, 1, False, None),
        (first, 2, True, "ended"),
        *((second, seq, False, None) for seq in range(4)),
    ]
    assert times == pytest.approx([0, 1 / 30, 0, 1 / 30, 2 / 30, 3 / 30], abs=1e-5)
    assert [entry["by_s"] for entry in logs if "jumped" in entry["event"]] == [500.0]
    gate.release(99)


def test_in_replay_a_jump_in_time_is_no_end(host):
    """A recording is one epoch; its time goes on evenly, as the source says when it has ended."""
    one = host(Jumping(6))
    one.until(lambda: one.run.state == "ended")
    assert [(seq, end) for _, seq, end, _ in one.seen] == [(seq, seq == 5) for seq in range(6)]


def test_results_are_the_next_frames_hints_and_forgotten_behind_them(host):
    """Of an hour only the last half second is kept; a result heard twice teaches nothing more."""
    one = host(MadeUp(0, live=True), live=True)
    run = one.run
    for seq in range(100):
        admit(run.window, seq)
        assert run.answered(result(seq, faces=(face(),)), 0.0).seq == seq
        assert run.answered(result(seq, faces=(face(), face())), 0.0) is None
    assert run.asks.hints.of(100) == [face().xyxy]
    assert len(run.asks.hints._seen) < 10
    run.stop()


def test_what_is_ended_gives_nothing_more(host, tmp_path):
    """Its epoch is closed once, its thread ends, and nothing of it stays on disk."""
    gate = threading.Semaphore(2)
    one = host(MadeUp(9, gate=gate))
    one.until(lambda: len(one.seen) == 2)
    assert (tmp_path / "s.json").exists()
    gate.release(9)
    for _ in range(2):
        one.run.end(0.0, 0)
    one.until(lambda: one.run.state == "ended")
    assert [(seq, end, gone) for _, seq, end, gone in one.seen] == [
        (0, False, None),
        (1, False, None),
        (2, True, "ended"),
    ]
    one.until(lambda: not one.run.reader.is_alive)
    assert one.run.reader.peek() is None
    assert not (tmp_path / "s.json").exists()


def test_one_that_had_ended_is_not_ended_twice(host):
    """Whoever listens has seen its last frame."""
    one = host(MadeUp(2), at_end="hold")
    one.until(lambda: one.run.state == "holding")
    one.run.end(0.0, 0)
    one.until(lambda: one.run.state == "ended")
    assert len(one.seen) == 2
    one.until(lambda: not one.run.reader.is_alive)
