"""dashboard/outbox.py: from the web server's thread to the loop."""

import select

from dashboard.outbox import Outbox
from shared.control import Control
from shared.topics import Envelope


def control(number):
    return Envelope("control", "p", Control(process="p", source=f"s{number}", opening=None))


def test_what_is_sent_wakes_the_loop_and_comes_in_order():
    """Once it is emptied, it no longer wakes."""
    outbox = Outbox()
    for number in range(3):
        outbox.send(control(number))
    assert select.select([outbox.fd], [], [], 0)[0]
    assert outbox.empty() == [control(0), control(1), control(2)]
    assert not select.select([outbox.fd], [], [], 0)[0]
    assert outbox.empty() == []
    outbox.close()


def test_a_loop_that_hangs_costs_bounded_memory():
    """Old frames are worth nothing."""
    outbox = Outbox()
    for number in range(5000):
        outbox.send(control(number))
    assert outbox.empty()[-1] == control(4999)
    assert len(outbox._waiting) == 0
    outbox.close()
