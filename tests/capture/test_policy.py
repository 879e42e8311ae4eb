"""How large a source's window is."""

import pytest

from capture.policy import Policy


@pytest.mark.parametrize(
    ("policy", "size"),
    [
        (Policy(live=True), 3),
        (Policy(live=False), 16),
        (Policy(live=True, size=7), 7),
        (Policy(live=False, scan_s=0.25, hint_lag=3), 3),
        (Policy(live=False, scan_s=0.25, hint_lag=3, size=2), 2),
        (Policy(live=True, scan_s=0.25, hint_lag=3, size=9), 9),
    ],
)
def test_the_window_keeps_every_worker_busy_and_no_more(policy, size):
    """Live: one frame a detector and one to come; replay: two a detector and three a classifier; or as set.

    A replay with hints has no more in flight than its hints are old, else they would depend on who was quick.
    """
    assert policy.window_size(detectors=2, classifiers=4) == size
