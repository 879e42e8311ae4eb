"""dashboard/opened.py: what captures are told, so that what viewers want comes about."""

import pytest
from msgspec.structs import replace

from dashboard.opened import GivenError, NameTakenError, Opened, RefusedError, UnknownSourceError
from shared.control import PUSHED, Opening
from tests.dashboard.made import source_status, status

DEMO = Opening(spec="demo")


def capture(pid=1, *sources, state="ready", host="host", **further):
    """A capture's status; sources as names (given at its start) or whole."""
    listed = [source_status(one) if isinstance(one, str) else one for one in sources]
    return replace(status("capture", pid, state, sources=listed, **further), host=host)


def added(name, state="running", **further):
    return source_status(name, state, added=True, **further)


def said(opened, now):
    """(process, source, spec or None) of what is due."""
    return [(one.process, one.source, one.opening and one.opening.spec) for one in opened.due(now)]


def test_a_source_is_asked_for_until_it_is_listed():
    """Once a second; a lost message costs a second, and one that is met is not said again."""
    opened = Opened()
    opened.want("door", DEMO, 0.0)
    assert said(opened, 0.0) == [], "there is no capture yet"
    opened.hear(capture(), 0.5)
    assert said(opened, 0.5) == [("capture-host-1", "door", "demo")]
    assert said(opened, 1.0) == []
    opened.hear(capture(), 1.5)
    assert said(opened, 1.5) == [("capture-host-1", "door", "demo")]
    opened.hear(capture(1, added("door", "opening")), 2.5)
    assert said(opened, 9.0) == []
    assert opened.status("door", 2.6).state == "opening"


def test_the_ready_capture_with_the_fewest_sources_gets_it():
    """Those that have been asked for count, though no status lists them yet."""
    opened = Opened()
    opened.hear(capture(1, "a", "b"), 0.0)
    opened.hear(capture(2, "c", name="capture.2"), 0.0)
    opened.hear(capture(3, state="starting", name="capture.3"), 0.0)
    for name in ("x", "y", "z"):
        opened.want(name, DEMO, 0.0)
    assert [process for process, *_ in said(opened, 0.0)] == ["capture-host-2", "capture-host-1", "capture-host-2"]


def test_a_file_is_opened_where_it_lies():
    """By a capture of our host, though it has more to do; if there is none, by another, which may share the disk."""
    film = Opening(spec="/films/a.mp4", mode="replay")
    for ours, process in (("host", "capture-host-1"), ("third", "capture-host-2")):
        opened = Opened(ours)
        opened.hear(capture(1, "a", "b"), 0.0)
        opened.hear(capture(2, host="other"), 0.0)
        opened.want("film", film, 0.0)
        assert said(opened, 0.0) == [(process, "film", "/films/a.mp4")]


def test_after_a_restart_it_is_asked_for_again():
    """Under the same name the new process takes the old one's place at once; one that falls silent loses it, too."""
    opened = Opened()
    opened.hear(capture(1, name="capture.1"), 0.0)
    opened.want("door", DEMO, 0.0)
    said(opened, 0.0)
    opened.hear(capture(1, added("door"), name="capture.1"), 0.5)
    opened.hear(capture(2, name="capture.1"), 1.0)
    assert said(opened, 1.0) == [("capture-host-2", "door", "demo")]
    opened.hear(capture(9, name="capture.9"), 6.0)
    assert said(opened, 6.0) == [("capture-host-9", "door", "demo")]


def test_a_capture_that_was_silent_for_a_while_keeps_its_source():
    """Another one that was asked meanwhile, and cannot have it, is told to let go."""
    opened = Opened()
    opened.hear(capture(1, name="capture.1"), 0.0)
    opened.want("door", DEMO, 0.0)
    said(opened, 0.0)
    opened.hear(capture(1, added("door"), name="capture.1"), 1.0)
    opened.hear(capture(2, name="capture.2"), 5.0)
    assert said(opened, 5.0) == [("capture-host-2", "door", "demo")]
    opened.hear(capture(2, added("door", "refused", error="in use"), name="capture.2"), 6.0)
    opened.hear(capture(1, added("door"), name="capture.1"), 6.0)
    assert said(opened, 6.1) == [("capture-host-2", "door", None)]
    assert opened.status("door", 6.1).state == "running"
    opened.hear(capture(2, name="capture.2"), 7.0)
    assert said(opened, 8.0) == []


def test_a_refused_source_is_not_asked_for_again():
    """Until it is closed, it is listed with the reason."""
    opened = Opened()
    opened.hear(capture(), 0.0)
    opened.want("door", DEMO, 0.0)
    said(opened, 0.0)
    opened.hear(capture(1, added("door", "refused", error="no such camera")), 2.0)
    assert said(opened, 4.0) == []
    assert opened.status("door", 4.0).error == "no such camera"
    opened.close("door", 4.0)
    assert said(opened, 4.0) == [("capture-host-1", "door", None)]


def test_closing_is_said_until_no_capture_lists_it():
    """Also if the opening was said a moment ago and nobody lists the source yet."""
    opened = Opened()
    opened.hear(capture(), 0.0)
    opened.want("door", DEMO, 0.0)
    said(opened, 0.0)
    opened.close("door", 0.1)
    assert said(opened, 0.1) == [("capture-host-1", "door", None)]
    with pytest.raises(NameTakenError, match="being closed"):
        opened.want("door", DEMO, 0.2)
    opened.hear(capture(1, added("door")), 1.2)
    assert said(opened, 1.2) == [("capture-host-1", "door", None)]
    opened.hear(capture(), 2.2)
    assert said(opened, 2.2) == []
    opened.want("door", DEMO, 2.3)


def test_names_are_unique():
    """Of all captures' sources and those that are wanted."""
    opened = Opened()
    opened.hear(capture(1, "cam0", added("browser-1")), 0.0)
    opened.want("browser-2", DEMO, 0.0)
    for name in ("cam0", "browser-1", "browser-2"):
        with pytest.raises(NameTakenError):
            opened.want(name, DEMO, 0.0)
    assert opened.free_name("browser", 0.0) == "browser-3"
    assert opened.free_name("upload", 0.0, also={"upload-1"}) == "upload-2"


def test_only_what_was_opened_at_run_time_can_be_closed():
    """Also by a dashboard that has been restarted since and does not know it."""
    opened = Opened()
    opened.hear(capture(1, "cam0", added("door")), 0.0)
    with pytest.raises(GivenError, match="when the capture was started"):
        opened.close("cam0", 0.0)
    with pytest.raises(UnknownSourceError):
        opened.close("window", 0.0)
    opened.close("door", 0.0)
    assert said(opened, 0.0) == [("capture-host-1", "door", None)]


def test_there_is_a_limit():
    """Said in words."""
    opened = Opened()
    for number in range(32):
        opened.want(f"s{number}", DEMO, 0.0)
    with pytest.raises(RefusedError, match="32 sources"):
        opened.want("more", DEMO, 0.0)


def test_what_a_killed_dashboard_left_is_closed():
    """Sources that are named, once a capture turns out to have them, and cameras that send no more."""
    opened = Opened()
    opened.drop("upload-1", 0.0)
    opened.hear(capture(1, added("upload-1"), added("browser-1", "ended", spec=PUSHED), added("door", "ended")), 5.0)
    assert said(opened, 5.0) == [("capture-host-1", "upload-1", None), ("capture-host-1", "browser-1", None)]
    opened.hear(capture(1, added("door", "ended")), 6.0)
    assert said(opened, 13.0) == []


def test_at_the_end_everything_is_closed():
    """What is wanted here; what was there before stays."""
    opened = Opened()
    opened.hear(capture(1, "cam0"), 0.0)
    opened.want("door", DEMO, 0.0)
    opened.close_all(0.1)
    assert said(opened, 0.1) == [("capture-host-1", "door", None)]
