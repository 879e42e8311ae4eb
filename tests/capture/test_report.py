"""What viewers are told of a source."""

from typing import Any, cast

import pytest

from capture.hosted import Hosted
from capture.policy import Policy
from capture.report import report
from tests.capture.made import admit


@pytest.fixture
def hosted(tmp_path):
    return Hosted("s", "made up", cast(Any, None), Policy(live=False, ack="recorder"), "exit", tmp_path / "s.json")


def told(hosted, now):
    return report(hosted, now, hosted.effort(), overloaded=False)


def test_who_has_the_oldest_frame_is_told(hosted):
    """And since when it waits."""
    assert (told(hosted, 1.0).waits_for, told(hosted, 1.0).seq) == (None, -1)
    flights = [admit(hosted.window, seq, now=2.0 + seq) for seq in (0, 1)]
    hosted.window.sent(flights[0], "detector-a-1", 4.0)
    now = told(hosted, 5.0)
    assert (now.waits_for, now.waits_s, now.seq, now.unfinished) == ("detector", 3.0, 1, 2)


def test_a_recorder_that_is_not_there_is_said(hosted):
    """Results that nobody acknowledges stop the source; its status says what is waited for."""
    flight = admit(hosted.window, 0)
    hosted.window.sent(flight, "detector-a-1", 1.0)
    assert told(hosted, 20.0).error is None, "it is the detector's turn"
    hosted.window.answered(0, 2.0)
    assert told(hosted, 5.0).error is None
    assert "no recorder has said ack/s/" in told(hosted, 20.0).error
