"""Pictures that a viewer's camera sends."""

import io
import threading
import time

import numpy as np
import pytest
import structlog
from PIL import Image

from capture.sources import PushedSource
from shared.control import CameraFrame
from shared.errors import SourceError

AT_NS = 10**18


def jpeg(size=(32, 24), level=128, **how):
    """A grey picture."""
    file = io.BytesIO()
    Image.new("RGB", size, (level, level, level)).save(file, "JPEG", **how)
    return file.getvalue()


def turned(size):
    """A picture whose EXIF says that it lies on its side."""
    exif = Image.Exif()
    exif[0x112] = 6
    return jpeg(size, exif=exif)


@pytest.fixture
def pushed():
    source = PushedSource("phone", lambda: 0.0, max_pixels=1000, first_s=5.0, next_s=5.0)
    source.open()
    return source


def test_a_picture_is_what_was_sent(pushed):
    """With its own size and its sender's stamp; media time is when it came, from 0."""
    pushed.push(jpeg((32, 24), 200), AT_NS, now=50.0)
    first = pushed.read()
    pushed.push(jpeg((16, 20), 20), AT_NS + 7, now=50.25)
    second = pushed.read()
    assert [(one.index, one.pts, one.captured_ns, one.size) for one in (first, second)] == [
        (0, 0.0, AT_NS, (32, 24)),
        (1, 0.25, AT_NS + 7, (16, 20)),
    ]
    assert np.abs(first.image.astype(int) - 200).max() < 4
    assert not first.last
    assert pushed.live_only


@pytest.mark.parametrize("picture", [turned((32, 24)), jpeg((24, 32), progressive=True)], ids=["turned", "progressive"])
def test_a_picture_is_upright_whatever_kind_of_jpeg_it_is(pushed, picture):
    """As everywhere in the project."""
    pushed.push(picture, AT_NS, now=0.0)
    assert pushed.read().size == (24, 32)


def test_the_newest_wins_and_the_rest_is_counted(pushed):
    """A picture that nobody has read yet is replaced."""
    for number in range(4):
        pushed.push(jpeg(level=40 * number), AT_NS + number, now=float(number))
    frame = pushed.read()
    assert (frame.captured_ns, frame.skipped, frame.pts) == (AT_NS + 3, 3, 0.0)
    pushed.push(jpeg(), AT_NS + 4, now=4.0)
    assert pushed.read().skipped == 0


def test_a_stamp_comes_once_and_time_does_not_run_backwards(pushed):
    """By its stamp a result is found again. A sender whose clock was set back is listened to all the same."""
    for stamp in (AT_NS, AT_NS, AT_NS - 10**9):
        pushed.push(jpeg(), stamp, now=1.0)
    assert pushed.read().skipped == 2
    pushed.push(jpeg(), AT_NS - 3600 * 10**9, now=2.0)
    assert pushed.read().captured_ns == AT_NS - 3600 * 10**9


@pytest.mark.parametrize(
    ("rubbish", "words"),
    [
        (b"", "no JPEG"),
        (b"\xff\xd8\xff\xd9", "no JPEG"),
        (jpeg()[:150], "no JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "no JPEG"),
        (jpeg((50, 40)), "50x40 = 2000 pixels are more than the limit of 1000"),
        (jpeg((1200, 1200)), "1200x1200 = 1440000 pixels are more than the limit of 1000"),
    ],
    ids=["empty", "hollow", "cut", "png", "large", "huge"],
)
def test_rubbish_is_left_out_and_told_once(pushed, rubbish, words):
    """The source goes on with what can be read."""
    with structlog.testing.capture_logs() as logs:
        for number in range(3):
            pushed.push(rubbish, AT_NS + 2 * number, now=1.0)
            threading.Timer(0.02, pushed.push, (jpeg(), AT_NS + 2 * number + 1, 2.0)).start()
            assert pushed.read().skipped == 1
    (said,) = logs
    assert words in said["error"]
    assert (said["source"], said["log_level"]) == ("phone", "warning")


def test_it_ends_when_nothing_comes():
    """After a while without a first picture, or without another one; rubbish is nothing."""
    never = PushedSource("phone", time.monotonic, 1000, first_s=0.02, next_s=9.0)
    never.open()
    never.push(b"rubbish", AT_NS, time.monotonic())
    assert never.read() is None
    once = PushedSource("phone", time.monotonic, 1000, first_s=9.0, next_s=0.02)
    once.open()
    once.push(jpeg(), AT_NS, time.monotonic())
    assert once.read() is not None
    began = time.monotonic()
    assert once.read() is None
    assert time.monotonic() - began < 5


def test_it_is_ended_while_it_waits(pushed):
    """Whoever closes it does not wait for its patience; a picture that came late is dropped."""
    threading.Timer(0.02, pushed.end).start()
    assert pushed.read() is None
    pushed.push(jpeg(), AT_NS, now=0.0)
    assert pushed.read() is None


def test_what_was_sent_cannot_be_read_again(pushed):
    """It is a live source."""
    with pytest.raises(SourceError, match="cannot skip to frame 3"):
        pushed.skip_to(3)


@pytest.fixture
def phone(bench):
    """A capture with a pushed source."""
    one = bench()
    one.ask("phone", "pushed")
    one.reaches("phone", "running")
    return one


def give(one, number, picture=None):
    one.hear(CameraFrame(source="phone", captured_ns=AT_NS + number, jpeg=picture or jpeg()))


def test_a_pushed_picture_goes_through_the_capture(phone):
    """From its message to a detector; whom nobody opened gets nothing."""
    assert "camera/phone/" in phone.capture.further_topics(phone.now)
    phone.hear(CameraFrame(source="nobody", captured_ns=1, jpeg=jpeg()))
    for number in range(3):
        give(phone, number, jpeg((32 + number, 24)))
        phone.until(lambda number=number: len(phone.sent("phone")) == number + 1)
    frames = [one for one in phone.said if getattr(one, "source", "") == "phone"]
    assert [one.captured_ns - AT_NS for one in frames] == [0, 1, 2]
    assert [one.image.shape[1] for one in frames] == [32, 33, 34]
    assert phone.rows()["phone"].live


def test_closing_it_waits_for_no_picture(phone):
    """Its reader does not run out its thirty seconds."""
    give(phone, 1)
    phone.until(lambda: phone.sent("phone"))
    reader = phone.capture._hosted["phone"].reader
    phone.ask("phone", None)
    phone.until(lambda: not reader.is_alive)
    phone.leaves("phone")
    assert phone.sent("phone")[-1][1:] == (True, "ended")


def test_a_picture_after_its_end_is_nothing(phone):
    """The page sends on until it is told."""
    phone.ask("phone", None)
    give(phone, 1)
    phone.leaves("phone")
    give(phone, 2)
    phone.turn()
    assert phone.sent("phone") == []


def test_one_that_nothing_came_for_has_ended(bench, monkeypatch):
    """Its row says so until it is closed."""
    monkeypatch.setattr("capture.sources.pushed.PushedSource.__init__.__kwdefaults__", {"first_s": 9.0, "next_s": 0.1})
    one = bench()
    one.ask("phone", "pushed")
    give(one, 1)
    one.until(lambda: one.sent("phone"))
    one.reaches("phone", "ended")
    assert one.sent("phone")[-1][1:] == (True, "ended")
    one.ask("phone", None)
    one.leaves("phone")


def test_skipped_pictures_are_in_the_counters(phone):
    """What came and was not analysed is not hidden."""
    for number in range(40):
        give(phone, number)
    phone.until(lambda: phone.sent("phone"))
    give(phone, 100)
    phone.until(lambda: phone.capture.meter.counters["skipped"] + len(phone.sent("phone")) >= 41)
