"""The page of the real pipeline, with the demo source. Skipped where there is no `chromium`."""

import re
import shutil
import signal
import time

import pytest

from tests.browser.show import LIVE, WALL_SIZE
from tests.processes.harness import PATIENCE_S, eventually, pipelines

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

FACE = "document.querySelector('.face:not(.away)')"
RATES = "document.getElementById('view-rates').textContent"
STAGE = "document.querySelector('[data-stage={}] {}')?.textContent"


@pytest.fixture(scope="module")
def live(tmp_path_factory, window):
    """A pipeline that shows the demo, and its page."""
    with pipelines(tmp_path_factory) as make:
        one = make(capture_source="demo").start().ready()
        (status,) = one.listener.live("dashboard")
        window.faults.clear()
        window.open(status["detail"], WALL_SIZE)
        window.wait_for(LIVE)
        yield one, window
        window.open("about:blank", WALL_SIZE)


def test_the_demo_gets_a_card_whose_bars_move(live):
    """With its label, a thumbnail, a timeline, and no error in the console."""
    _, page = live
    seen = eventually(lambda: page.value(f"{FACE}?.querySelector('.label').textContent"), "a label")
    assert seen
    page.wait_for(f"{FACE}.querySelector('.thumbnail:not([hidden])')")
    page.wait_for(f"{FACE}.querySelector('.timeline canvas')")
    bars = "[...document.querySelectorAll('.fill')].map((fill) => fill.style.transform).join()"
    before = page.value(bars)
    page.wait_for(f"{bars} !== {before!r}")
    assert page.faults == []


def test_how_late_the_picture_is(live, capsys):
    """Said on the page, printed here: from capture until it is drawn."""
    _, page = live
    lag = "shown \\d+ ms after capture"
    page.wait_for(f"/{lag}/.test({RATES})")
    lags: list[int] = []

    def more() -> bool:
        found = re.search(r"shown (\d+) ms", str(page.value(RATES)))
        lags.extend([int(found[1])] if found else [])
        time.sleep(0.2)
        return len(lags) >= 25

    eventually(more, "lags")
    with capsys.disabled():
        print(f"\na live picture of 1280x720 is drawn {sorted(lags)[len(lags) // 2]} ms (p50) after its capture")


def test_a_killed_classifier_is_seen_to_come_back(live):
    """Beside the one that fell silent, then alone, ready in its cell."""
    one, page = live
    page.wait_for(f"{STAGE.format('classifier', '.alive')} === '1/1'")
    before = one.kill("classifier")
    page.wait_for(f"{STAGE.format('classifier', '.alive')} !== '1/1'")
    page.wait_for(f"{STAGE.format('classifier', '.alive')} === '1/1'")
    assert one.pid("classifier") != before


def test_a_stopped_smoother_is_said_in_words(live):
    """Above all, in red; gone when it goes on."""
    one, page = live
    one.kill("smoother", signal.SIGSTOP)
    try:
        page.wait_for("document.getElementById('problems').textContent.includes('smoother')")
        page.wait_for("document.querySelector('[data-stage=smoother] .more').dataset.level === 'error'")
    finally:
        one.kill("smoother", signal.SIGCONT)
    eventually(lambda: page.value("document.getElementById('problems').hidden"), "all is well again", PATIENCE_S)
