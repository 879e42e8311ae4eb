"""A recording's report in a real browser. Skipped where there is no `chromium`."""

import shutil

import pytest

from recorder.report import write_report
from tests.browser.chromium import Chromium
from tests.capture.films import film
from tests.recorder.finished import face, probs, recording, times

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_report_fits_and_breaks_no_rule(tmp_path, theme) -> None:
    """On a desk and on a telephone: as wide as the window, pictures shown, nothing that its policy forbids."""
    faces = [face(seq, track_id, "happy", probs(happy=1.0)) for seq in range(20) for track_id in (1, 2)]
    clip = film(tmp_path / f"{'a_long_name_' * 12}.mp4", images=20)
    page = write_report(recording(tmp_path / "out", times(20), faces), clip)
    with Chromium() as browser:
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        grounds = set()
        for width in (1280, 360):
            browser.open(page.as_uri(), (width, 800))
            assert browser.value("document.documentElement.scrollWidth") == width
            assert browser.value("[...document.images].map((image) => image.naturalWidth)") == [128, 128]
            grounds.add(browser.value("getComputedStyle(document.body).backgroundColor"))
        assert browser.faults == []
    assert grounds == {"rgb(245, 246, 248)" if theme == "light" else "rgb(13, 16, 21)"}
