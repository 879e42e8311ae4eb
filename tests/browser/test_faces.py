"""The cards of faces in a real browser, fed with made-up messages. Skipped where there is no `chromium`."""

import shutil

import msgspec
import pytest

from shared.messages import EMOTIONS
from tests.browser.show import BARS, jpeg
from tests.dashboard.made import face, preview, result

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

SAD = "document.querySelector('[aria-label=sad]')"


def cards(page, count: int) -> None:
    page.wait_for(f"document.querySelectorAll('.face').length === {count}")


def test_faces_have_ids_labels_and_seven_bars(show, page):
    """In the order of their ids, whatever order they come in; a face not yet confirmed has no card."""
    show.pipeline()
    show.frame(1, face(2, "sad", (180, 60, 260, 160)), face(None), face(1, "happy", (30, 60, 110, 160)))
    cards(page, 2)
    words = "[...document.querySelectorAll('.face :is(.badge, .label)')].map((e) => e.textContent)"
    assert page.value(words) == ["1", "happy", "2", "sad"]
    for track, label in ((1, "happy"), (2, "sad")):
        assert page.value(BARS.format(track)) == [[name, 70 if name == label else 5] for name in EMOTIONS]


def test_bars_agree_with_the_label(show, page):
    """They are the smoothed probabilities; one that leads before it becomes the label shares with it."""
    show.frame(1, face(1, "happy"))
    page.wait_for("document.querySelector('.label')?.textContent === 'happy'")
    leading = (0.05, 0.1, 0.05, 0.3, 0.0, 0.4, 0.1)
    show.frame(2, face(1, "happy", probs=face(1, "sad").probs, smoothed=leading))
    page.wait_for(f"{SAD}.querySelector('.raw').textContent === 'raw 70 %'")
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
    call = f"import('/static/smoothing.js').then((smoothing) => smoothing.inFavour({probs}, {chosen}))"
    assert page.value(call) == pytest.approx(shown)


@pytest.mark.parametrize("steps", [1, 4])
def test_the_display_smooths_in_media_time(page, steps):
    """0.85 of what was shown is left after 0.1 s, however many updates there were; and none without smoothing."""
    follow = f"""import('/static/smoothing.js').then(({{ follow }}) => {{
        let shown = [1, 0];
        for (let i = 0; i < {steps}; i += 1) shown = follow(shown, [0, 1], 0.1 / {steps}, 0.85);
        return [shown, follow([1, 0], [0, 1], 0.1, 0), follow(null, [0.4, 0.6], 0, 0.85)];
    }})"""
    smoothed, plain, first = page.value(follow)
    assert smoothed == pytest.approx([0.85, 0.15])
    assert (plain, first) == ([0, 1], [0.4, 0.6])


def test_the_slider_smooths_the_bars(show, page):
    """To none and back; it says what it does, and is remembered."""
    slide = """(() => { const slider = document.getElementById('smoothing'); slider.value = '%d';
        slider.dispatchEvent(new Event('input', { bubbles: true })); })()"""
    page.value(slide % 100)
    assert "Half of a change shows after 3.4 s" in page.value("document.getElementById('smoothing-words').textContent")
    show.frame(1, face(1, "happy"))
    cards(page, 1)
    show.frame(2, face(1, "happy", smoothed=(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0), classified_pts=0.2))
    page.wait_for("document.querySelector('.bar.most .percent').textContent === '71 %'")
    page.value(slide % 0)
    assert "as they come" in page.value("document.getElementById('smoothing-words').textContent")
    assert page.value("JSON.parse(localStorage.affectstream).smoothing") == 0
    show.frame(3, face(1, "happy", smoothed=(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0), classified_pts=0.3))
    page.wait_for("document.querySelector('.bar.most .percent').textContent === '100 %'")


def test_faces_left_out_are_said(show, page):
    """Above the cards of those who are followed."""
    show.tell(msgspec.structs.replace(result(1, faces=(face(1),)), left_out=12), preview(1, jpeg=jpeg(1)))
    page.wait_for("document.querySelector('.face')")
    assert page.value("document.getElementById('faces-note').textContent").startswith("12 more")


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
    cards(page, 2)
    assert page.value("[...document.querySelectorAll('.face')].map((e) => e.matches('.faint'))") == [True, False]


def test_a_face_that_left_keeps_its_card_for_a_while(show, page):
    """Greyed, so that its neighbours stay where they are; then it goes."""
    show.frame(1, face(1), face(2))
    show.frame(2, face(1), face(2))
    cards(page, 2)
    show.frame(40, face(2))
    page.wait_for("document.querySelector('.face[data-track=\"1\"]').matches('.away')")
    assert page.value("document.querySelector('.away .facts').textContent") == "left 3 s ago"
    show.frame(130, face(2))
    cards(page, 1)


def test_it_stays_small(show, page):
    """Hundreds of faces that come and go leave no cards behind."""
    for seq in range(300):
        show.frame(seq * 30, face(seq + 1))
    show.frame(300 * 30, face(999))
    page.wait_for("document.querySelector('.face[data-track=\"999\"]')")
    assert page.value("document.querySelectorAll('.face').length") <= 5


def test_thirty_faces_do_not_push_the_page_about(show, page):
    """The list scrolls by itself, and all cards are of one height."""
    crowd = [face(track, xyxy=(10.0 * track, 10, 10.0 * track + 8, 20)) for track in range(1, 31)]
    show.frame(1, *crowd[:1])
    cards(page, 1)
    place = "JSON.stringify(document.getElementById('picture').getBoundingClientRect())"
    page.wait_for("document.querySelector('#picture canvas').width > 1")
    before = page.value(place)
    show.frame(2, *crowd)
    cards(page, 30)
    assert page.value(place) == before
    assert page.value("new Set([...document.querySelectorAll('.face')].map((e) => e.offsetHeight)).size") == 1
    assert page.value("document.querySelector('.app').getBoundingClientRect().height") == 800
    assert page.value("document.getElementById('cards').scrollHeight") > 4000


def test_old_probabilities_look_old(show, page):
    """Without classifiers boxes go on; the card says since when its bars have not been measured."""
    show.frame(30, face(1, classified_pts=0.0, probs=None))
    page.wait_for("document.querySelector('.face.old')")
    assert page.value("document.querySelector('.facts').textContent") == "last classified 3 s ago"
    show.frame(31, face(1, classified_pts=3.1))
    page.wait_for("document.querySelector('.face:not(.old)')")
    assert page.value("document.querySelector('[aria-label=happy] .raw').textContent") == "raw 70 %"


def test_a_face_that_was_never_classified_says_so(show, page):
    """To those who cannot see that its bars are empty, too."""
    show.frame(1, face(1, probs=None, smoothed=None, label=None, classified_pts=None))
    page.wait_for("document.querySelectorAll('.bar').length === 7")
    bars = "[...document.querySelectorAll('.bar')].map((bar) => bar.getAttribute('aria-valuetext'))"
    assert page.value(bars) == 7 * ["not yet classified"]
    page.wait_for("document.querySelector('#picture canvas').ariaLabel === 'cam0, frame 1: face 1 not yet classified'")
    show.frame(2, face(1))
    page.wait_for(f"{bars}.every((text) => text === null)")


def test_a_frame_that_was_given_up_takes_no_boxes_away(show, page):
    """Nothing is known of its faces, which is not to say that there are none."""
    show.frame(1, face(1))
    cards(page, 1)
    page.wait_for("document.querySelector('#picture canvas').width > 1")
    given_up = msgspec.structs.replace(result(2), size=None, complete=False, classified=False)
    show.tell(preview(2, jpeg=jpeg(6)), given_up)
    show.tell(msgspec.structs.replace(result(3, faces=(face(1), face(2)))))
    cards(page, 2)
    assert page.value("document.querySelectorAll('.face.away').length") == 0
    corner = "document.querySelector('#picture canvas').getContext('2d').getImageData(5, 5, 1, 1).data[0]"
    assert page.value(corner) < 100


def test_the_thumbnail_is_cut_from_its_own_frame(show, page):
    """Frame 6 is red; without pictures there is none."""
    show.frame(6, face(1))
    page.wait_for("document.querySelector('.thumbnail:not([hidden])')")
    middle = "document.querySelector('.thumbnail').getContext('2d').getImageData(44, 44, 1, 1).data"
    assert page.value(f"{middle}[0]") > 150
    page.value("document.querySelector('input[value=none]').click()")
    page.wait_for("document.querySelector('.thumbnail[hidden]')")
    assert page.value(f"{middle}[3]") == 0


def test_a_baseline_is_pinned_and_the_change_shown(show, page):
    """Beside the values, which stay; pressed again, it is gone."""
    change = f"{SAD}.querySelector('.change')"
    show.frame(1, face(1, "sad"))
    cards(page, 1)
    page.wait_for(f"{SAD}.ariaValueNow === '70'")
    page.value("document.querySelector('.pin').click()")
    show.frame(2, face(1, "happy"))
    page.wait_for(f"{change}.textContent === '−65'")
    assert page.value("document.querySelector('[aria-label=happy] .change').textContent") == "+65"
    assert page.value(f"{SAD}.ariaValueNow") == "5"
    assert page.value(f"{SAD}.ariaValueText") == "5 %, −65 against the baseline"
    page.value("document.querySelector('.pin').click()")
    page.wait_for(f"{change}.hidden")


def test_the_table_says_the_same(show, page):
    """A row per face with the smoothed, the raw, and the change; a heading for each column and row."""
    show.frame(1, face(1, "sad"), face(2, label=None, reason="blurred"))
    cards(page, 2)
    page.value("document.querySelector('.pin').click(); document.getElementById('as-table').click()")
    rows = "[...document.querySelectorAll('#table tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
    head, first, second = page.value(rows)
    assert head == ["face", "label", "seen", *EMOTIONS]
    assert first[:4] == ["face 1", "sad", "0 s", "5 (5) ±0"]
    assert first[8] == "70 (70) ±0"
    assert second[:3] == ["face 2", "blurred", "0 s"]
    assert page.value("document.querySelectorAll('#table th[scope]').length") == 12
    assert page.value("document.getElementById('cards').hidden")
