"""The report: one page, by itself, right and safe."""

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from recorder import charts
from recorder.charts import Span, Stay, clock
from recorder.report import SHOWN_PEOPLE, write_report
from shared.messages import EMOTIONS
from tests.capture.films import film
from tests.recorder.finished import face, probs, recording, times

HAPPY = probs(happy=0.9, sad=0.1)
VOID = {"meta", "img", "link", "br", "path"}


class Page(HTMLParser):
    """The tags of a page, which all have to be closed, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data


@pytest.fixture
def clip(tmp_path):
    return film(tmp_path / "a film.mp4", images=20)


def report(folder, clip, **how) -> str:
    return write_report(folder, clip, **how).read_text(encoding="utf-8")


def two_people(folder):
    faces = [face(seq, 1, "happy", HAPPY if seq % 3 == 0 else None) for seq in range(20)]
    faces += [face(seq, 2, "sad" if seq < 10 else "happy") for seq in range(5, 20)]
    return recording(folder, times(20), faces)


def test_it_needs_nothing_but_itself(tmp_path, clip) -> None:
    """No script, no address but of this page and in it, and a policy that forbids any."""
    page = Page(report(two_people(tmp_path / "out"), clip))
    kinds = {tag for tag, _ in page.tags}
    assert not kinds & {"script", "link", "iframe", "object"}
    places = [value for _, given in page.tags for name, value in given.items() if name in ("src", "href")]
    assert len([place for place in places if place.startswith("data:image/jpeg")]) == 2
    assert all(place.startswith(("data:", "#")) for place in places)
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    assert "default-src 'none'" in str(page.tags)


def test_what_it_says(tmp_path, clip) -> None:
    """People, times, shares and pairs."""
    text = " ".join(Page(report(two_people(tmp_path / "out"), clip)).text.split()).replace("\u00a0", " ")
    assert "length0:02.0" in text
    assert "Person 1in the picture2.0 s, 0:00.0–0:01.9measured7 of 20 frameschanges of labelnone" in text
    assert "Person 2in the picture1.5 s, 0:00.5–0:01.9measured0 of 15 frameschanges of label1" in text
    assert "happy 100 %" in text
    assert "happy 67 %sad 33 %" in text
    assert "121.5 s, same label 67 %" in text
    assert "valence derived from labels+1.00" in text
    assert "an expression is not a feeling" in text


def test_no_images_reads_no_film(tmp_path) -> None:
    """Faces stay out of the page, and the film may be gone."""
    text = report(two_people(tmp_path / "out"), tmp_path / "gone.mp4", images=False)
    assert "data:image" not in text
    assert "<img" not in text


def test_names_are_escaped(tmp_path) -> None:
    """A film's name, warnings and settings are text, whatever they hold; `$` means nothing in them."""
    folder = two_people(tmp_path / "out")
    evil = "<script>alert('$x ${title}')</script>&\"'.mp4"
    run: dict[str, Any] = {"input": {"path": evil, "sha256": evil, "bytes": 1}, "warnings": [evil]}
    run["settings"] = {"<b>": evil, "min_face_size": 40, "detect_thresholds": [0.6, 0.7, 0.6]}
    folder = recording(folder, times(20), [face(0, 1, "sad", probs(sad=1.0))], **run)
    text = report(folder, tmp_path / evil.replace("/", ""), images=False)
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(evil) == 4  # the title and heading have another, without its slash
    assert "<b>" in page.text
    assert "min_face_size" not in page.text  # as shipped


def test_a_recording_without_a_film(tmp_path) -> None:
    """Of a camera there is none to take pictures from; the source names it."""
    about = {"path": "cam0", "sha256": None, "bytes": None}
    folder = recording(tmp_path / "out", times(2), [face(0, 1)], input=about)
    text = report(folder, None)
    assert "<h1>film</h1>" in text
    assert "<img" not in text


def test_a_film_without_faces_and_one_without_frames(tmp_path, clip) -> None:
    """The page says so; faces that nobody followed, as in pictures, are counted."""
    assert "No face was found." in report(recording(tmp_path / "nobody", times(5), []), clip)
    assert "No face was found." in report(recording(tmp_path / "nothing", [], []), clip)
    pictures = recording(tmp_path / "pictures", times(2), [face(0, None), face(1, None)])
    assert "2 faces were found" in report(pictures, clip)


def test_of_many_people_those_seen_longest_are_shown(tmp_path, clip) -> None:
    """The others are counted, and in the table."""
    count = SHOWN_PEOPLE + 3
    faces = [face(seq, track_id, "sad") for seq in range(5) for track_id in range(1, count + 1) if seq or track_id > 3]
    page = Page(report(recording(tmp_path / "out", times(5), faces), clip, images=False))
    shown = [given["id"] for tag, given in page.tags if tag == "article"]
    assert shown == [f"person-{track_id}" for track_id in range(4, count + 1)]
    assert "3 more people" in page.text
    assert len([tag for tag, given in page.tags if tag == "th" and given.get("scope") == "row"]) == count


def test_a_ribbon_stacks_to_the_top() -> None:
    """Every label's area begins where the one before it ends; a gap stays empty."""
    means = np.array([probs(angry=0.25, happy=0.75), probs(angry=1.0), [np.nan] * 7, probs(surprise=1.0)])
    paths = dict(re.findall(r'<path class="(\w+)" d="([^"]*)"', charts.ribbon(means, "x")))
    assert tuple(paths) == EMOTIONS
    assert paths["angry"] == "M0 25.0V25.0H1V100.0H2V0.0H1V0.0H0ZM3 0.0V0.0H4V0.0H3Z"
    assert paths["happy"].startswith("M0 100.0V100.0H1")
    assert paths["surprise"].endswith("M3 100.0V100.0H4V0.0H3Z")


def test_bars_lie_where_their_time_is() -> None:
    """In percent of the film; a word only where there is room for it."""
    text = charts.strip([Stay(1.0, 2.0, "sad"), Stay(2.0, 2.2, "fear")], Span(0.0, 4.0))
    assert 'style="left:25.000%;width:25.000%" title="sad, 0:01.0 to 0:02.0 (1.0 s)">sad</i>' in text
    assert 'class="fear" style="left:50.000%;width:5.000%"' in text
    assert ">fear<" not in text


def test_more_bars_than_can_be_told_apart() -> None:
    """Each cell of time has the label that stands longest in it; gaps stay, and equal neighbours are one bar."""
    span = Span(0.0, 600.0)  # a second a cell
    flicker = [Stay(at + part / 10, at + (part + 1) / 10, "sad" if part < 7 else "fear")
               for at in range(300) for part in range(10)]  # fmt: skip
    late = [Stay(400.0, 401.0, "happy"), Stay(401.0, 401.3, "happy")]
    assert charts.coarse([*flicker, *late], span) == [Stay(0.0, 300.0, "sad"), Stay(400.0, 401.0, "happy")]
    assert charts.coarse(late, span) == late


def test_the_number_of_people() -> None:
    """Steps from the ground to the largest number."""
    text = charts.crowd([(0.0, 300.0, 1), (300.0, 599.5, 3)], Span(0.0, 600.0))
    steps = re.findall(r"V(\d+)H(\d+)", text)
    assert steps[0] == ("2", "1")
    assert steps[299:301] == [("2", "300"), ("0", "301")]
    assert 'viewBox="0 0 600 3"' in text


def test_clock_and_axis() -> None:
    """Times as on a player; ticks at round ones."""
    assert [clock(7), clock(59.96, 1), clock(3723)] == ["0:07", "1:00.0", "1:02:03"]
    assert re.findall(r">([\d:.]+)<", charts.axis(Span(0.0, 33.6))) == ["0:00", "0:10", "0:20", "0:30"]
    assert re.findall(r">([\d:.]+)<", charts.axis(Span(5.0, 5.5))) == ["0:05.0", "0:05.1", "0:05.2", "0:05.3", "0:05.4"]
    assert "0:00" in charts.axis(Span(0.0, 0.0))


def test_percentages() -> None:
    """Little is not nothing."""
    assert [charts.percent(share) for share in (0.0, 0.001, 0.5)] == ["0\u00a0%", "&lt;\u00a01\u00a0%", "50\u00a0%"]
