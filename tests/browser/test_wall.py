"""The wall, and one source enlarged, in a real browser. Skipped where there is no `chromium`."""

import shutil

import pytest

from tests.browser.show import LIVE, OVER, WALL_SIZE, press
from tests.dashboard.made import face, result, source_status
from tests.processes.harness import eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

NAMES = "[...document.querySelectorAll('#grid .name')].map((name) => name.textContent)"
SIX = ["door", "yard", "desk-1", "desk-2", "hall", "attic"]
TEAL = """((canvas, x0, y0, x1, y1) => {
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const found = [];
    for (let y = y0; y <= y1; y += 1) for (let x = x0; x <= x1; x += 1) {
        const at = 4 * (y * width + x);
        if (data[at] < 130 && data[at + 1] > 160 && data[at + 2] > 150) found.push(y0 === y1 ? x : y);
    }
    return found;
})"""
"""Where on a line of a canvas the first track's colour is."""


def wall(show, page, names=SIX) -> None:
    """Sources with a picture each."""
    show.pipeline(*[source_status(name) for name in names])
    for name in names:
        show.frame(1, face(1), source=name)
    show.pipeline(*[source_status(name) for name in names])
    page.wait_for(f"document.querySelectorAll('#grid .tile').length === {len(names)}")
    page.wait_for("[...document.querySelectorAll('#grid canvas')].every(({ width }) => width > 1)")


def test_six_cameras_fit_on_one_screen(show, page):
    """In the order given, not by name; nothing scrolls."""
    wall(show, page)
    assert page.value(NAMES) == SIX
    inside = """[...document.querySelectorAll('.tile, #strip')].map((part) => part.getBoundingClientRect())
        .every(({ top, bottom, width }) => top >= 0 && bottom <= 800 && width > 300)"""
    assert page.value(inside)
    assert page.value(
        "['main', '#grid'].every((part) => { const { scrollHeight, clientHeight } ="
        " document.querySelector(part); return scrollHeight <= clientHeight; })"
    )


@pytest.mark.parametrize(
    ("count", "width", "height", "columns"),
    [
        (1, 1200, 600, 1),
        (2, 1200, 600, 2),
        (6, 1248, 620, 3),
        (6, 700, 1200, 2),
        (9, 1248, 700, 3),
        (100, 1248, 600, 7),
    ],
)
def test_the_grid_has_the_largest_tiles_that_fit(page, count, width, height, columns):
    """Unless these were too small to see anything: then it scrolls."""
    call = f"import('/static/wall.js').then(({{ columnsFor }}) => columnsFor({count}, {width}, {height}))"
    grid = page.value(call)
    assert grid["columns"] == columns
    assert grid["columns"] * (grid["tile"] + 10) - 10 <= width
    rows = -(-count // columns)
    assert count == 100 or rows * (grid["tile"] * 9 / 16 + 40) - 10 <= height + 1


def test_a_click_or_enter_enlarges_one_and_escape_returns(show, page):
    """With all its faces; the address says which, so that going back returns too."""
    wall(show, page)
    page.value("document.querySelector('.name[href=\"#yard\"]').focus()")
    press(page, "Enter")
    page.wait_for(
        "document.getElementById('view-name').textContent === 'yard' && !document.getElementById('view').hidden"
    )
    assert page.value("location.hash") == "#yard"
    page.wait_for("document.querySelectorAll('.face').length === 1")
    page.wait_for("document.querySelector('#picture canvas').width > 1")
    press(page, "Escape")
    page.wait_for("!document.getElementById('wall').hidden && document.getElementById('view').hidden")
    page.wait_for("document.activeElement.textContent === 'yard'")
    x, y = page.value(
        "(({ x, y, width, height }) => [x + width / 2, y + height / 2])"
        "(document.querySelectorAll('.tile')[3].getBoundingClientRect())"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.wait_for("document.getElementById('view-name').textContent === 'desk-2'")
    page.value("history.back()")
    page.wait_for("!document.getElementById('wall').hidden")


def test_an_address_opens_its_source(show, page):
    """And says so where there is none of that name."""
    wall(show, page, SIX[:2])
    page.open("about:blank", WALL_SIZE)
    page.open(f"{show.url}/#yard", WALL_SIZE)
    page.wait_for("document.getElementById('view-name').textContent === 'yard'")
    page.value("location.hash = 'elsewhere'")
    page.wait_for("document.getElementById('empty-title').textContent.includes('elsewhere')")
    page.value("location.hash = ''")


def test_one_source_fills_the_page(show, page):
    """There is nothing to go back to."""
    show.pipeline()
    show.frame(1, face(1))
    page.wait_for("document.querySelectorAll('.face').length === 1")
    assert page.value("document.getElementById('wall').hidden && document.getElementById('back').hidden")


def test_dead_sources_are_small_and_last(show, page):
    """The living keep their order; one that comes back is where it was."""
    wall(show, page, SIX[:4])
    states = {"door": "ended", "desk-1": "refused"}
    show.pipeline(*[source_status(name, state=states.get(name, "running")) for name in SIX[:4]])
    page.wait_for("document.querySelectorAll('#over .tile').length === 2")
    assert page.value(NAMES) == ["yard", "desk-2"]
    assert page.value("[...document.querySelectorAll('#over .tile')].every(({ offsetHeight }) => offsetHeight < 40)")
    show.pipeline(*[source_status(name) for name in SIX[:4]])
    page.wait_for("document.getElementById('over').hidden")
    assert page.value(NAMES) == SIX[:4]


def test_red_means_that_something_is_wrong(show, page):
    """A camera that is gone, not a recording that is over."""
    states = {"door": "running", "yard": "reconnecting", "desk-1": "ended", "desk-2": "refused"}
    show.pipeline(*[source_status(name, state=state) for name, state in states.items()])
    show.frame(1, face(1), source="door")
    page.wait_for("document.querySelectorAll('.tile').length === 4")
    levels = (
        "Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) =>"
        " [tile.querySelector('.name').textContent, tile.dataset.level]))"
    )
    assert page.value(levels) == {"door": "ok", "yard": "warning", "desk-1": "idle", "desk-2": "error"}
    colours = (
        "Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) =>"
        " [tile.querySelector('.name').textContent, getComputedStyle(tile.querySelector('.words')).color]))"
    )
    found = page.value(colours)
    assert found["desk-2"] == "rgb(255, 128, 120)"
    assert found["desk-1"] == found["door"] == "rgb(158, 171, 184)"
    page.wait_for("document.querySelector('.name[href=\"#yard\"] ~ .words').textContent.startsWith('reconnecting for')")


@pytest.mark.parametrize("many", [False, True], ids=["enlarged", "on the wall"])
def test_the_overlay_is_on_its_own_frame(show, page, many):
    """Frame 6 is red; its box is that of its own result, within 2 pixels, not that of 7, whose picture never came."""
    names = ["cam0", "cam1"] if many else ["cam0"]
    show.pipeline(*[source_status(name) for name in names])
    show.frame(5, face(1, xyxy=(40, 60, 120, 160)))
    show.frame(6, face(1, xyxy=(180, 60, 260, 160)))
    show.tell(result(7, faces=(face(1, xyxy=(40, 60, 120, 160)),)))
    canvas = f"document.querySelector('{'.tile' if many else '#picture'} canvas')"
    page.wait_for(f"{canvas}.getContext('2d').getImageData(5, 5, 1, 1).data[0] > 150")
    width, height = page.value(f"[{canvas}.width, {canvas}.height]")
    assert width / height == pytest.approx(320 / 240, abs=0.01)
    scale = width / 320
    left, top, right, bottom = (round(scale * edge) for edge in (180, 60, 260, 160))
    across = page.value(f"{TEAL}({canvas}, 0, {(top + bottom) // 2}, {width - 1}, {(top + bottom) // 2})")
    assert (across[0], across[-1]) == (pytest.approx(left, abs=2), pytest.approx(right, abs=2))
    middle = round((left + right) / 2)
    down = page.value(f"{TEAL}({canvas}, {middle}, {top - 3}, {middle}, {height - 1})")
    assert (down[0], down[-1]) == (pytest.approx(top, abs=2), pytest.approx(bottom, abs=2))


def test_a_source_that_turned_still_has_its_last_picture(show, page):
    """Enlarged, and back on the wall: a picture is sent once."""
    wall(show, page, SIX[:2])
    page.value("location.hash = 'yard'")
    page.wait_for("document.querySelector('#picture canvas').width > 1")
    assert page.value(OVER) is None


def test_a_picture_that_stands_still_says_why(show, page):
    """Without detectors a live source runs on, but nothing comes of it; with them all is as before."""
    show.frame(1, face(1))
    show.pipeline()
    page.wait_for("document.querySelector('.face')")

    def told():
        show.pipeline(detector="failed")
        return page.value(OVER) == "No results: detector is failed."

    eventually(told, "the reason on the page")
    assert page.value("document.getElementById('view').matches('.stale')")
    show.frame(2, face(1))
    page.wait_for(f"{OVER} === undefined")
    assert not page.value("document.getElementById('view').matches('.stale')")


def test_a_running_source_says_what_it_lacks(show, page):
    """A recorder that is waited for, say."""
    show.frame(1, face(1))
    show.pipeline(error="no recorder has said ack/cam0/ for 5 s")
    page.wait_for(f"{OVER} === 'No results: no recorder has said ack/cam0/ for 5 s.'")
    show.pipeline()
    page.wait_for(f"{OVER} === undefined")


def test_many_tiles_scroll_by_themselves(show, page):
    """The pipeline's strip stays in sight."""
    page.open(show.url, WALL_SIZE)
    page.wait_for(LIVE)
    wall(show, page, [f"cam{i}" for i in range(60)])
    assert page.value("document.getElementById('strip').getBoundingClientRect().bottom") == 800
    assert page.value("document.getElementById('grid').scrollHeight > document.getElementById('grid').clientHeight")
    assert page.value("document.querySelector('.tile').offsetWidth") >= 160
