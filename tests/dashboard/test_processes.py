"""dashboard/processes.py: who is there, who fell silent, who is missed."""

from dashboard.processes import Processes
from tests.dashboard.made import status


def heard(*statuses, now=0.0):
    processes = Processes()
    for one in statuses:
        processes.hear(one, now)
    return processes


def test_a_process_falls_silent_and_is_forgotten():
    """3 s without a status: silent; 15 s: gone."""
    processes = heard(status("dashboard"))
    assert [view.silent for view in processes.views(2.9)] == [False]
    assert [(view.silent, view.heard_s_ago) for view in processes.views(3.2)] == [(True, 3.2)]
    processes.forget(14.9)
    assert len(processes.views(14.9)) == 1
    processes.forget(15.1)
    assert processes.views(15.1) == []


def test_a_needed_stage_that_vanished_stays_listed_until_it_is_back():
    """However long ago it was; the place is taken by any other of its stage."""
    processes = heard(status("detector", pid=1))
    processes.hear(status("detector", pid=2, name="by hand"), 5)
    processes.forget(500)
    assert [(view.pid, view.silent) for view in processes.views(500)] == [(2, True)]
    processes.hear(status("detector", pid=3, name="another"), 501)
    processes.forget(501)
    assert [view.pid for view in processes.views(501)] == [3]


def test_a_failed_process_stays_until_it_is_replaced():
    """What the supervisor gave up is shown until the same place is filled again."""
    processes = heard(status(pid=1, name="detector.1", state="failed"))
    processes.forget(500)
    assert [view.state for view in processes.views(500)] == ["failed"]
    processes.hear(status(pid=2, name="detector.1"), 501)
    processes.forget(501)
    assert [view.pid for view in processes.views(501)] == [2]


def test_two_workers_of_one_name_are_two():
    """Workers started by hand share a name; neither replaces the other while both are heard."""
    processes = heard(status(pid=1, name="detector"), status(pid=2, name="detector"))
    processes.forget(1)
    assert [view.pid for view in processes.views(1)] == [1, 2]


def test_missing_names_each_stage_and_why():
    """Not seen, silent, starting and failed are told apart; one ready worker is enough."""
    processes = heard(status("bus"), now=0)
    for message in (
        status("capture", state="starting"),
        status("detector", pid=1, state="failed"),
        status("detector", pid=2),
        status("classifier", state="failed"),
    ):
        processes.hear(message, 4)
    assert processes.missing(4) == {
        "bus": "silent",
        "capture": "starting",
        "classifier": "failed",
        "smoother": "not seen",
    }


def test_processes_are_listed_along_the_pipeline():
    """bus, capture, detector…, whatever the order of hearing."""
    processes = heard(
        status("dashboard"), status("smoother"), status("bus"), status("detector", pid=2), status("detector")
    )
    names = [view.name for view in processes.views(0)]
    assert names == ["bus.1", "detector.1", "detector.2", "smoother.1", "dashboard.1"]
