"""dashboard/static: the page in a real browser, fed with made-up messages. Skipped where there is no `chromium`."""

import shutil
import time
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board
from dashboard.server import Server, bind, url_of
from shared.messages import EMOTIONS
from shared.stages import NEEDED
from shared.status import Latency
from tests.browser.chromium import Chromium
from tests.dashboard.made import face, preview, result, source_status, status
from tests.processes.harness import eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

LIVE = "document.getElementById('connection').textContent === 'live'"
OVER = "document.querySelector('.over:not([hidden])')?.textContent"
BARS = """[...document.querySelectorAll('.face[data-track="{}"] .bar')]
    .map((bar) => [bar.getAttribute('aria-label'), +bar.getAttribute('aria-valuenow')])"""


def jpeg(seq: int) -> bytes:
    """A frame that carries its number in its colour: blue up to 5, then red."""
    pixels = np.full((240, 320, 3), (200, 30, 30) if seq <= 5 else (30, 30, 200), np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


class Show:
    """A dashboard that serves; `tell` feeds it."""

    def __init__(self):
        self.board = Board()
        self.start(0)

    def start(self, port: int, token: str = "") -> None:
        listener = bind("127.0.0.1", port)
        self.url = url_of(listener)
        self.server = Server(create_app(self.board, Access(token=token), time.monotonic), listener)
        self.server.start()

    def restart(self, token: str = "") -> None:
        self.server.stop()
        self.start(int(self.url.rsplit(":", 1)[1]), token)

    def tell(self, *messages) -> None:
        self.board.hear(messages, time.monotonic())

    def frame(self, seq: int, *faces, source: str = "cam0") -> None:
        self.tell(preview(seq, source, jpeg=jpeg(seq)), result(seq, source, faces=faces))

    def pipeline(self, error: str | None = None, **states: str) -> None:
        capture: dict[str, Any] = {"sources": [source_status(error=error)], "counters": {"skipped": 1234}}
        capture |= {"latency_ms": Latency(p50=41, p95=87)}
        for stage in NEEDED:
            further = capture if stage == "capture" else {}
            self.tell(status(stage, state=states.get(stage, "ready"), **further))


@pytest.fixture
def show():
    show = Show()
    yield show
    show.server.stop()


@pytest.fixture(scope="module")
def window():
    with Chromium() as window:
        yield window


@pytest.fixture
def page(show, window):
    """The page, connected, in a window of 1280x800; it must cause no fault that its test does not clear away."""
    window.faults.clear()
    window.open(show.url, (1280, 800))
    window.wait_for(LIVE)
    yield window
    faults = list(window.faults)
    window.open("about:blank", (1280, 800))
    assert faults == []


def test_faces_have_ids_labels_and_seven_bars(show, page):
    """In the order of their ids, whatever order they come in; a face not yet confirmed has no card."""
    show.pipeline()
    show.frame(1, face(2, "sad", (180, 60, 260, 160)), face(None), face(1, "happy", (30, 60, 110, 160)))
    page.wait_for("document.querySelectorAll('.face').length === 2")
    assert page.value("[...document.querySelectorAll('.face h3, .face .label')].map((e) => e.textContent)") == [
        "face 1",
        "happy",
        "face 2",
        "sad",
    ]
    for track, label in ((1, "happy"), (2, "sad")):
        assert page.value(BARS.format(track)) == [[name, 70 if name == label else 5] for name in EMOTIONS]


def test_bars_agree_with_the_label(show, page):
    """They are the smoothed probabilities; one that leads before it becomes the label shares with it."""
    show.frame(1, face(1, "happy"))
    page.wait_for("document.querySelector('.label')?.textContent === 'happy'")
    leading = (0.05, 0.1, 0.05, 0.3, 0.0, 0.4, 0.1)
    show.frame(2, face(1, "happy", probs=face(1, "sad").probs, smoothed=leading))
    page.wait_for("document.querySelector('.raw').textContent === 'raw sad 70 %'")
    assert [share for _, share in page.value(BARS.format(1))] == [5, 10, 5, 35, 0, 35, 10]
    assert page.value("document.querySelector('.bar.most').getAttribute('aria-label')") == "happy"
    show.frame(3, face(1, "sad", smoothed=leading))
    page.wait_for("document.querySelector('.label').textContent === 'sad'")
    assert [share for _, share in page.value(BARS.format(1))] == [5, 10, 5, 30, 0, 40, 10]


@pytest.mark.parametrize(
    ("probs", "chosen", "shown"),
    [
        ([0.5, 0.3, 0.2], 0, [0.5, 0.3, 0.2]),
        ([0.5, 0.3, 0.2], 1, [0.4, 0.4, 0.2]),
        ([0.5, 0.4, 0.1], 2, [1 / 3, 1 / 3, 1 / 3]),
        ([0.4, 0.35, 0.2, 0.05], 2, [0.95 / 3, 0.95 / 3, 0.95 / 3, 0.05]),
    ],
)
def test_the_nearest_bars_that_agree(page, probs, chosen, shown):
    """No bar is above the label's, the sum stays, and those that are no rivals stay as they are."""
    call = f"import('/static/faces.js').then((faces) => faces.inFavour({probs}, {chosen}))"
    assert page.value(call) == pytest.approx(shown)


def test_the_overlay_is_on_its_own_frame(show, page):
    """Frame 6 is red; the result of frame 7, whose picture never came, is not drawn on it."""
    show.frame(5, face(1, xyxy=(40, 60, 120, 160)))
    show.frame(6, face(1, xyxy=(180, 60, 260, 160)))
    show.tell(result(7, faces=(face(1, xyxy=(40, 60, 120, 160)),)))
    show.pipeline()
    at = "(x, y) => [...document.querySelector('.picture canvas').getContext('2d').getImageData(x, y, 1, 1).data]"
    page.wait_for(f"(({at})(220, 110))[0] > 150")
    page.wait_for("document.querySelector('.badge').textContent === 'live'")
    teal = page.value(f"({at})(180, 110)")
    assert teal[1] > 90, "the box's left edge"
    assert page.value(f"({at})(40, 110)")[1] < 60, "and none where frame 7 had it"


def test_faces_left_out_are_said(show, page):
    """Above the cards of those who are followed."""
    show.tell(msgspec.structs.replace(result(1, faces=(face(1),)), left_out=12), preview(1, jpeg=jpeg(1)))
    page.wait_for("document.querySelector('.face')")
    assert page.value("document.querySelector('.nobody:not([hidden])').textContent").startswith("12 more faces")


def test_a_face_that_cannot_be_read_says_why(show, page):
    """In place of its label; the label is back with the first result that has one."""
    show.frame(1, face(1, label=None, smoothed=(1 / 7,) * 7, reason="too small"))
    page.wait_for("document.querySelector('.face.unread')")
    label = "document.querySelector('.face .label').textContent"
    assert page.value(label) == "cannot be read: too small"
    show.frame(2, face(1))
    page.wait_for(f"{label} === 'happy'")
    assert page.value("document.querySelector('.face.unread')") is None


def test_a_low_confidence_face_is_thin(show, page):
    """On its card too."""
    show.frame(1, face(1, confidence=0.7), face(2))
    page.wait_for("document.querySelectorAll('.face').length === 2")
    assert page.value("[...document.querySelectorAll('.face')].map((e) => e.matches('.faint'))") == [True, False]


def test_a_hidden_face_keeps_its_card_for_a_moment(show, page):
    """So that its neighbours stay where they are; then it goes."""
    show.frame(1, face(1), face(2))
    show.frame(2, face(1), face(2))
    page.wait_for("document.querySelectorAll('.face').length === 2")
    show.frame(3, face(2))
    page.wait_for("document.querySelector('.face[data-track=\"1\"]').matches('.away')")
    show.frame(40, face(2))
    page.wait_for("document.querySelectorAll('.face').length === 1")


def test_figures_and_processes(show, page):
    """Latency and what was skipped in the header; a failed process with its error."""
    show.pipeline(classifier="failed")
    show.tell(status("detector", pid=7, state="failed", error="crashed too often"))
    page.wait_for("document.querySelectorAll('.process').length === 6")
    figures = page.value("['p50', 'p95', 'skipped'].map((id) => document.getElementById(id).textContent)")
    assert figures == ["41 ms", "87 ms", "1,234"]
    states = page.value("[...document.querySelectorAll('.process')].map((e) => e.dataset.state)")
    assert states == ["ready", "ready", "ready", "failed", "failed", "ready"]
    assert page.value("document.querySelector('.process .error:not([hidden])').textContent") == "crashed too often"


def test_waiting_says_for_what(show, page):
    """Before the first picture: which stages are not ready, and why."""
    page.wait_for("document.getElementById('empty').textContent.includes('bus not seen')")
    show.pipeline(classifier="starting")
    page.wait_for("document.querySelector('.over')?.textContent.includes('classifier is starting')")


def test_names_are_text_and_never_markup(show, page):
    """What comes over the bus is shown, not run."""
    evil = "<img src=x onerror=alert(1)>"
    show.tell(status("detector", name=evil, detail=evil, error=evil, counters={evil: 1}))
    page.wait_for("document.querySelector('.process')")
    assert page.value("document.querySelector('.process h3').textContent") == evil
    assert page.value("document.querySelectorAll('.process img').length") == 0


def test_a_broken_preview_stops_nothing(show, page):
    """The picture before stays, and the next one is shown."""
    show.tell(preview(1, jpeg=b"\xff\xd8 not a JPEG"), result(1, faces=(face(1),)))
    page.wait_for("document.querySelectorAll('.face').length === 1")
    show.frame(2, face(1), face(2))
    page.wait_for("document.querySelectorAll('.face').length === 2")


def test_a_picture_that_stands_still_says_why(show, page):
    """Without detectors a live source runs on, but nothing comes of it; with them all is as before."""
    show.frame(1, face(1))
    show.pipeline()
    page.wait_for("document.querySelector('.face')")

    def told():
        show.pipeline(detector="failed")
        return page.value(OVER) == "No results: detector is failed."

    eventually(told, "the reason on the page")
    assert page.value("document.querySelector('.source').matches('.stale')")
    show.frame(2, face(1))
    page.wait_for(f"{OVER} === undefined")
    assert not page.value("document.querySelector('.source').matches('.stale')")


def test_a_running_source_says_what_it_lacks(show, page):
    """A recorder that is waited for, say."""
    show.frame(1, face(1))
    show.pipeline(error="no recorder has said ack/cam0/ for 5 s")
    page.wait_for(f"{OVER} === 'No results: no recorder has said ack/cam0/ for 5 s.'")
    show.pipeline()
    page.wait_for(f"{OVER} === undefined")


def test_old_probabilities_look_old(show, page):
    """Without classifiers boxes go on; the card says since when its bars have not been measured."""
    show.frame(30, face(1, classified_pts=0.0, probs=None))
    page.wait_for("document.querySelector('.face.old')")
    assert page.value("document.querySelector('.raw').textContent") == "last classified 3 s ago"
    show.frame(31, face(1, classified_pts=3.1))
    page.wait_for("document.querySelector('.face:not(.old)')")
    assert page.value("document.querySelector('.raw').textContent") == "raw happy 70 %"


def test_a_face_that_was_never_classified_says_so(show, page):
    """To those who cannot see that its bars are empty, too."""
    show.frame(1, face(1, probs=None, smoothed=None, label=None, classified_pts=None))
    page.wait_for("document.querySelectorAll('.bar').length === 7")
    bars = "[...document.querySelectorAll('.bar')].map((bar) => bar.getAttribute('aria-valuetext'))"
    assert page.value(bars) == 7 * ["not yet classified"]
    described = page.value("document.querySelector('.picture canvas').getAttribute('aria-label')")
    assert described == "cam0, frame 1: face 1 not yet classified"
    show.frame(2, face(1))
    page.wait_for(f"{bars}.every((text) => text === null)")


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
    show.restart("secret")
    page.wait_for("document.getElementById('connection').textContent.includes('?token=')")
    show.restart()
    page.wait_for(LIVE)
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


@pytest.mark.parametrize("width", [400, 320])
def test_a_narrow_window_scrolls_one_way(show, page, width):
    """Nothing is wider than the window."""
    page.open(show.url, (width, 800))
    page.wait_for(LIVE)
    show.pipeline()
    show.tell(status("bus", pid=9, detail="ipc:///run/user/1000/affectstream/" + 60 * "x"))
    show.frame(1, face(1), face(2, confidence=0.5))
    page.wait_for("document.querySelectorAll('.face').length === 2")
    assert page.value("document.documentElement.scrollWidth") <= width


def test_it_stays_small(show, page):
    """Hundreds of faces that come and go leave no cards behind."""
    for seq in range(300):
        show.frame(seq * 30, face(seq + 1))
    show.frame(300 * 30, face(999))
    page.wait_for("document.querySelector('.face[data-track=\"999\"]')")
    assert page.value("document.querySelectorAll('.face').length") == 1


def test_a_frame_that_was_given_up_takes_no_boxes_away(show, page):
    """Nothing is known of its faces, which is not to say that there are none."""
    show.frame(1, face(1))
    page.wait_for("document.querySelectorAll('.face').length === 1")
    given_up = msgspec.structs.replace(result(2), size=None, complete=False, classified=False)
    show.tell(preview(2, jpeg=jpeg(6)), given_up)
    show.frame(1, face(1), source="cam1")
    page.wait_for("document.querySelectorAll('.face').length === 2")
    assert page.value("document.querySelectorAll('.face.away').length") == 0
    assert page.value("document.querySelector('canvas').getContext('2d').getImageData(300, 200, 1, 1).data[0]") < 100
