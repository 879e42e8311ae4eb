"""The page of live sources in a real browser, fed with made-up messages. Skipped where there is no `chromium`."""

import json
import shutil
from pathlib import Path

import pytest

from tests.browser.axe import needs_axe, serious_faults
from tests.browser.show import LIVE, WALL_SIZE, Show, scheme
from tests.dashboard.made import face, preview, result, source_status, status
from tests.processes.harness import eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

PICTURED = "document.querySelector('#picture canvas').width > 1"


def test_waiting_says_for_what(show, page):
    """Before the first picture: which stages are not ready, and why."""
    page.wait_for("document.getElementById('empty-words').textContent.includes('bus not seen')")
    show.pipeline(classifier="starting")
    page.wait_for("document.getElementById('view-words').textContent.includes('classifier is starting')")


def test_names_are_text_and_never_markup(show, page):
    """What comes over the bus is shown, not run."""
    evil = "<img src=x onerror=alert(1)>"
    show.pipeline(source_status(spec=evil, error=evil))
    show.tell(status("detector", pid=9, name=evil, detail=evil, error=evil, counters={evil: 1}))
    page.value("document.getElementById('details-button').click()")
    page.wait_for(f"[...document.querySelectorAll('.process b')].some((name) => name.textContent === '{evil}')")
    assert page.value("document.getElementById('view-spec').textContent") == evil
    assert page.value("document.querySelectorAll('main img, #details img').length") == 0


def test_a_broken_preview_stops_nothing(show, page):
    """The picture before stays, and the next one is shown."""
    show.tell(preview(1, jpeg=b"\xff\xd8 not a JPEG"), result(1, faces=(face(1),)))
    page.wait_for("document.querySelectorAll('.face').length === 1")
    show.frame(2, face(1), face(2))
    page.wait_for(f"document.querySelectorAll('.face').length === 2 && {PICTURED}")


def test_it_says_that_the_connection_is_lost_and_comes_back(show, page):
    """The dashboard is restarted on its port; nobody reloads the page."""
    show.server.stop()
    page.wait_for("document.getElementById('connection').textContent.startsWith('connection lost')")
    show.restart()
    page.wait_for(LIVE)
    show.frame(1, face(1))
    page.wait_for("document.querySelector('.face')")
    page.faults.clear()


def test_a_page_that_is_refused_says_how_to_get_in(show, page):
    """The token has changed, say."""
    show.restart("a secret of sixteen characters")
    page.wait_for("document.getElementById('refused').textContent.includes('token')")
    assert page.value("document.getElementById('connection').textContent") == "refused"
    show.restart()
    page.wait_for(f"{LIVE} && document.getElementById('refused').hidden")
    page.faults.clear()


def test_a_page_that_nobody_sees_asks_for_no_pictures(show, page):
    """Captures make previews for viewers alone; it goes on when it is looked at again."""
    hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}})"
    show.frame(1, face(1))
    page.wait_for("document.querySelectorAll('.face').length === 1")
    page.value(f"{hide.format('true')} && document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: show.board.viewers == 0, "nobody watches")
    page.value(f"{hide.format('false')} && document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: show.board.viewers == 1, "the page is back")
    show.frame(2, face(1), face(2))
    page.wait_for("document.querySelectorAll('.face').length === 2")


@pytest.mark.parametrize("width", [360, 320])
@pytest.mark.parametrize("many", [False, True])
def test_a_narrow_window_scrolls_one_way(show, page, width, many):
    """Nothing is wider than the window, whether of one source or of many."""
    page.open(show.url, (width, 800))
    page.wait_for(LIVE)
    long = {"spec": "rtsp://camera/" + 60 * "x"}
    show.pipeline(*[source_status(f"cam{i}", **long) for i in range(3 if many else 1)])
    show.tell(status("bus", pid=9, detail="ipc:///run/user/1000/affectstream/" + 60 * "x"))
    show.frame(1, face(1), face(2, confidence=0.5))
    page.value("document.getElementById('details-button').click()")
    page.wait_for(f"document.querySelectorAll('{'.tile' if many else '.face'}').length === {3 if many else 2}")
    page.wait_for("document.querySelector('.process')")
    assert page.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("allowed", "offered"), [("shown", 3), ("blurred", 2), ("none", 1)])
def test_the_choice_of_pictures_is_as_strict_as_the_server(tmp_path, window, allowed, offered):
    """What the server does not give cannot be chosen."""
    show = Show(tmp_path, allowed)
    window.open(show.url, WALL_SIZE)
    window.wait_for(LIVE)
    show.frame(1, face(1))
    window.wait_for("document.querySelector('.face')")
    assert window.value("document.querySelectorAll('[name=pictures]:not(:disabled)').length") == offered
    assert window.value("document.querySelector('[name=pictures]:checked').value") == allowed
    window.open("about:blank", WALL_SIZE)
    show.close()


def test_without_pictures_there_are_boxes_alone(show, page):
    """At once, and the server sends none; the choice is remembered."""
    show.frame(6, face(1))
    page.wait_for(PICTURED)
    page.value("document.querySelector('input[value=none]').click()")
    show.tell(result(7, faces=(face(1),)))
    corner = "[...document.querySelector('#picture canvas').getContext('2d').getImageData(5, 5, 1, 1).data]"
    page.wait_for(f"{PICTURED} && {corner}[0] < 60")
    eventually(lambda: not show.board.wanted(), "nobody wants pictures")
    page.open(show.url, WALL_SIZE)
    page.wait_for("document.querySelector('input[value=none]').checked")
    page.value("localStorage.clear()")


def test_what_is_drawn_is_chosen_and_remembered(show, page):
    """Landmarks are not drawn unless asked for."""
    chosen = "[...document.querySelectorAll('[name=drawn]')].map(({ checked }) => checked)"
    assert page.value(chosen) == [True, True, True, False]
    page.value("document.querySelector('[value=boxes]').click(); document.querySelector('[value=landmarks]').click()")
    page.open(show.url, WALL_SIZE)
    page.wait_for(LIVE)
    assert page.value(chosen) == [False, True, True, True]
    page.value("localStorage.clear()")


def test_light_and_dark(show, page):
    """As the system is, or as chosen; remembered."""
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.value(ground)
    scheme(page, "light")
    light = page.value(ground)
    assert (dark, light) == ("rgb(12, 15, 19)", "rgb(243, 245, 247)")
    page.value("document.querySelector('[name=theme][value=dark]').click()")
    assert page.value(ground) == dark
    page.open(show.url, WALL_SIZE)
    assert page.value(ground) == dark
    page.value("document.querySelector('[name=theme][value=system]').click()")
    assert page.value(ground) == light
    page.value("localStorage.clear()")


@needs_axe
@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("many", [False, True])
def test_axe_finds_no_serious_fault(show, page, name, many):
    """With everything open: details, menu, a face that is away, one that cannot be read, a source that is gone."""
    scheme(page, name)
    gone = [source_status("door", state="reconnecting"), source_status("hall", state="ended")] if many else []
    show.pipeline(source_status(), *gone, classifier="starting")
    show.frame(1, face(1), face(2), face(3, label=None, reason="blurred"))
    page.wait_for("document.querySelector('.tile')" if many else "document.querySelectorAll('.face').length === 3")
    page.value("document.getElementById('details-button').click()")
    page.wait_for("document.querySelector('.process')")
    assert serious_faults(page) == []
    page.value("document.getElementById('display').showPopover()")
    assert serious_faults(page) == []


def test_the_notice_is_on_the_page(page):
    """Estimated, and how well; nothing stored; where it is prohibited. Short above, whole below."""
    short, whole = page.value("['.notice', '#Notice'].map((part) => document.querySelector(part).textContent)")
    for said in ("not feelings", "two times in three", "Nothing is stored", "at work or in education"):
        assert said in " ".join(short.split())
    for said in ("70\u00a0%", "5(1)(f)", "50(3)", "No image is stored"):
        assert said in whole


def test_a_place_on_the_page_is_no_source(show, page):
    """Its links leave the sources where they are, and so does an address that names no source."""
    show.pipeline(source_status("cam0"), source_status("cam1"))
    page.wait_for("document.querySelectorAll('.tile').length === 2")
    for link, place in ((".skip", "main"), (".notice a", "Notice")):
        page.value(f"document.querySelector('{link}').click()")
        assert page.value("[location.hash, document.activeElement.id]") == ["", place]
    for place in ("#Notice", "#%"):
        page.open("about:blank", WALL_SIZE)
        page.open(f"{show.url}/{place}", WALL_SIZE)
        page.wait_for("document.querySelectorAll('.tile').length === 2")
        assert not page.value("document.getElementById('empty').checkVisibility()")


def test_the_vendored_chart_is_the_one_that_is_named():
    """The file that is served says its version, as does the note beside it and the check's own list."""
    root = Path(__file__).resolve().parents[2]
    vendor = root / "dashboard/static/vendor"
    version = json.loads((root / "tests/browser/package.json").read_text())["devDependencies"]["uplot"]
    assert f"(v{version})" in (vendor / "uPlot.iife.min.js").read_text()[:100]
    assert version in (vendor / "README.md").read_text()
