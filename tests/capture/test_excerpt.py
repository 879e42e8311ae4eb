"""A part of a recording has the frames, numbers and times that these have in the whole."""

import pytest
from PIL import Image

from capture.sources import DemoSource, FileSource, FolderSource, ImageSource, SourceError
from capture.sources.excerpt import Excerpt
from capture.sources.picture import Painter
from tests.capture.films import LIMIT, film


def excerpt(path, start_s=0.0, end_s=None):
    source = Excerpt(FileSource(path, LIMIT), start_s, end_s)
    source.open()
    return source


@pytest.fixture
def path(tmp_path):
    """20 frames, 25 a second."""
    return film(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("start_s", "end_s", "numbers"),
    [(0.0, None, range(20)), (0.2, 0.4, range(5, 10)), (0.21, 0.41, range(6, 11)), (0.7, 99.0, range(18, 20))],
)
def test_the_frames_between(path, start_s, end_s, numbers):
    """From the first at or behind the start to the last before the end, which is marked as the last."""
    source = excerpt(path, start_s, end_s)
    frames = list(iter(source.read, None))
    source.close()
    assert [frame.index for frame in frames] == list(numbers)
    assert [frame.pts for frame in frames] == pytest.approx([number / 25 for number in numbers], abs=1e-6)
    assert [frame.last for frame in frames] == [False] * (len(numbers) - 1) + [True]


def test_what_lies_before_is_not_made_into_pictures(path, monkeypatch):
    """It is decoded, once, however far a killed run has got."""
    painted, paint = [], Painter.paint

    def watched(painter, frame, size):
        painted.append(round(frame.time * 25))
        return paint(painter, frame, size)

    monkeypatch.setattr(Painter, "paint", watched)
    source = excerpt(path, 0.4)
    source.skip_to(15)
    assert source.read().index == 15
    assert painted == [0, 10, 11, 15, 16, 17]  # the first tells that it can be read, the others are read ahead
    source.close()


@pytest.mark.parametrize(
    "source",
    [
        lambda folder: DemoSource((32, 18), 10.0, 1.0),
        lambda folder: FolderSource(folder, LIMIT, 0.1),
        lambda folder: ImageSource(folder / "0.gif", LIMIT),
        lambda folder: ImageSource(folder / "1.png", LIMIT, 0.1, stays=True),
    ],
)
def test_excerpts_of_pictures(tmp_path, source):
    """Whatever the recording is, its frames from the start on have the numbers and times of the whole."""
    frames = [Image.new("L", (8, 8), 20 * number) for number in range(10)]
    frames[0].save(tmp_path / "0.gif", save_all=True, append_images=frames[1:], duration=100)
    for number in range(1, 10):
        frames[number].save(tmp_path / f"{number}.png")
    part = Excerpt(source(tmp_path), 0.35, 0.75)
    part.open()
    assert [(frame.index, round(frame.pts, 3)) for frame in iter(part.read, None)] == [
        (number, number / 10) for number in range(4, 8)
    ]
    part.skip_to(6)
    assert part.read().index == 6
    part.close()


def test_a_killed_run_goes_on_within(path):
    """By the number in the whole."""
    source = excerpt(path, 0.2, 0.4)
    source.skip_to(8)
    assert [(frame.index, frame.last) for frame in iter(source.read, None)] == [(8, False), (9, True)]
    source.close()


def test_an_excerpt_without_frames_is_refused(path):
    """With its bounds."""
    with pytest.raises(SourceError, match="no frame between 5 s and 6 s"):
        excerpt(path, 5.0, 6.0)
    with pytest.raises(SourceError, match="no frame between 5 s and its end"):
        excerpt(path, 5.0)
