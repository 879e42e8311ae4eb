"""What other captures say of the listed sources."""

from capture.others import Others
from tests.dashboard.made import source_status, status

NOW_NS = 10**18


def heard(others, now=0.0, **source):
    return others.heard(status("capture", sources=[source_status("cam0", **source)]), {"cam0"}, now, NOW_NS)


def test_who_hosts_a_source_of_ours_is_told_once():
    """And again when it was gone for a while."""
    others = Others()
    assert [heard(others, now) for now in (0.0, 1.0)] == [["cam0"], []]
    assert others.present(2.0) == ["source 'cam0' by capture-host-1"]
    assert others.present(9.0) == []
    assert heard(others, 9.0) == ["cam0"]


def test_the_latest_epoch_is_taken_once():
    """One that no clock can have made is a mistake, not to be outdone."""
    others = Others()
    for epoch in (3, 7, 5, 10**15):
        heard(others, epoch=epoch)
    assert others.take_epochs() == [("cam0", 7)]
    assert others.take_epochs() == []


def test_what_has_ended_elsewhere_is_known():
    """Whoever shares the list waits for the others' sources, too."""
    others = Others()
    others.heard(status("capture", sources=[source_status("film", "ended")]), {"cam0"}, 0.0, NOW_NS)
    assert others.ended == {"film"}
    assert others.present(0.0) == []


def test_who_hosts_a_source_is_known_while_it_says_so():
    """Also of sources that are not ours; one that was refused there is hosted by nobody."""
    others = Others()
    theirs = [source_status("film"), source_status("lost", "refused")]
    others.heard(status("capture", sources=theirs), {"cam0"}, 1.0, NOW_NS)
    assert others.host_of("film", 2.0) == "capture-host-1"
    assert others.host_of("lost", 2.0) is None
    assert others.host_of("film", 3.1) is None
    others.heard(status("capture", sources=[]), {"cam0"}, 1.5, NOW_NS)
    assert others.host_of("film", 1.6) is None
