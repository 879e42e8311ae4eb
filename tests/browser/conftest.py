"""The browser, and a dashboard for each test."""

import pytest

from tests.browser.chromium import Chromium
from tests.browser.show import LIVE, UNSMOOTHED, WALL_SIZE, Show, scheme


@pytest.fixture
def show(tmp_path):
    show = Show(tmp_path)
    yield show
    show.close()


@pytest.fixture(scope="session")
def window():
    with Chromium() as window:
        yield window


@pytest.fixture
def page(show, window):
    """The page, connected, in a window of 1280x800; it must cause no fault that its test does not clear away.

    Bars are not smoothed again, so that they are what was said.
    """
    window.faults.clear()
    scheme(window, "dark")
    window.open(show.url, WALL_SIZE)
    window.wait_for(LIVE)
    window.value(UNSMOOTHED)
    yield window
    faults = list(window.faults)
    window.open("about:blank", WALL_SIZE)
    assert faults == []
