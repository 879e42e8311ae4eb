"""What the page costs, printed; nothing is asserted about time."""

import shutil
import time

import psutil
import pytest

from tests.browser.show import jpeg
from tests.dashboard.made import face, preview, result, source_status

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

SIX = [f"cam{i}" for i in range(6)]
FPS = 15
SECONDS = 20.0


def seconds_of_browser() -> float:
    """Processor time that the browser's processes have used."""
    spent = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
    return float(sum(times.user + times.system for times in spent))


def test_six_live_tiles(show, page, capsys):
    """Each at 15 pictures/s from the capture, of which the server passes on thirty a second in all."""
    pictures = [jpeg(seq, (960, 540)) for seq in (1, 6)]
    page.value(
        """window.painted = 0;
        { const { drawImage } = CanvasRenderingContext2D.prototype;
          CanvasRenderingContext2D.prototype.drawImage = function (...how) {
            window.painted += 1; return drawImage.apply(this, how); }; }"""
    )
    show.step_s = 1 / FPS / len(SIX)
    began, until = 0.0, float("inf")
    seq = 0
    while time.monotonic() < until:
        began_round = time.monotonic()
        if seq % FPS == 0:
            show.pipeline(*[source_status(name) for name in SIX])
        for name in SIX:
            faces = (face(1, xyxy=(40 + seq % 50, 60, 120 + seq % 50, 160)), face(2, "sad", (180, 60, 260, 160)))
            show.tell(preview(seq, name, jpeg=pictures[seq % 2]), result(seq, name, faces=faces))
        seq += 1
        if seq == 3 * FPS:  # it has settled
            began, painted, spent = time.monotonic(), page.value("window.painted"), seconds_of_browser()
            until = began + SECONDS
        time.sleep(max(0.0, began_round + 1 / FPS - time.monotonic()))
    elapsed = time.monotonic() - began
    share = (seconds_of_browser() - spent) / elapsed
    painted = (page.value("window.painted") - painted) / elapsed
    with capsys.disabled():
        print(f"\nsix live tiles: {100 * share:.0f} % of a core, {painted:.0f} pictures/s")
    assert painted > 0
