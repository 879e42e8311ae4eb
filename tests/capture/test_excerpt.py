"""A part of a recording has the frames, numbers and times that these have in the whole."""

import pytest

from capture.sources import FileSource, SourceError
from capture.sources.excerpt import Excerpt
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
