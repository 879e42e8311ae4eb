"""The last minute of a face in a real browser, fed with made-up messages. Skipped where there is no `chromium`."""

import shutil

import pytest

from tests.browser.show import BARS, WALL_SIZE, press
from tests.dashboard.made import face, result

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

TIMELINE = "document.querySelector('.timeline')"


def test_the_timeline_shows_gaps_as_gaps(show, page):
    """Seven lines over a minute; nothing is drawn where nothing was classified."""
    for tenth in [*range(101), *range(300, 401)]:
        show.tell(result(tenth, faces=(face(1, classified_pts=tenth / 10),)))
        if tenth % 20 == 0:
            page.wait_for(f"document.querySelector('.face')?.textContent.includes('seen {tenth // 10} s')")
    drawn = """(() => { const canvas = document.querySelector('.timeline canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const at = (s) => {
            const x = Math.round(canvas.width * (1 - (40 - s) / 60));
            let count = 0;
            for (let y = 0; y < canvas.height; y += 1) count += data[4 * (y * canvas.width + x) + 3] > 60;
            return count;
        };
        return [5, 20, 35].map(at); })()"""
    before, gap, after = page.value(drawn)
    assert (before > 0, gap, after > 0) == (True, 0, True)


def test_the_timeline_begins_with_what_was_before(show, page):
    """A page that is opened late has the last minute at once."""
    for tenth in range(300):
        show.tell(result(tenth, faces=(face(1, classified_pts=tenth / 10),)))
    page.open(show.url, WALL_SIZE)
    drawn = """(() => { const { width, height } = document.querySelector('.timeline canvas');
        const left = Math.round(width / 2) + 5;
        const pen = document.querySelector('.timeline canvas').getContext('2d');
        return pen.getImageData(left, 0, 20, height).data.some((value) => value > 60); })()"""
    page.wait_for(drawn)


def test_a_moment_of_the_timeline_in_numbers(show, page):
    """By keyboard as by pointer: the bars are those of then, and a screen reader hears them."""
    for seq, label in ((10, "sad"), (20, "happy"), (30, "happy")):
        show.tell(result(seq, faces=(face(1, label, classified_pts=seq / 10),)))
        page.wait_for(f"document.querySelector('.facts')?.textContent === 'seen {seq // 10} s'")
    page.value(f"{TIMELINE}.focus()")
    for _ in range(2):
        press(page, "ArrowLeft")
    assert page.value("document.querySelector('.facts').textContent") == "2 s ago"
    assert page.value("document.querySelector('.face .label').textContent") == "sad"
    assert page.value(f"{TIMELINE}.getAttribute('aria-valuetext')").startswith("2 seconds ago: angry 5 %")
    assert dict(page.value(BARS.format(1)))["sad"] == 70
    press(page, "End")
    assert dict(page.value(BARS.format(1)))["sad"] == 5
    assert page.value("document.querySelector('.facts').textContent") == "seen 3 s"
