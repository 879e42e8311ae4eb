"""Marked faces, and what two detectors find of them."""

import numpy as np
import pytest

from benchmarks.truth import Tally, read_marked

FILE = """<annotation><filename>one.jpg</filename>
<object><name>sin_mascarilla</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>50</ymax></bndbox></object>
<object><name>con_mascarilla</name><bndbox><xmin>60</xmin><ymin>20</ymin><xmax>80</xmax><ymax>50</ymax></bndbox></object>
</annotation>"""


@pytest.fixture
def marked(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "one.xml").write_text(FILE)
    return read_marked(tmp_path)["one"]


def boxes(*rows):
    """(x1, y1, x2, y2, confidence) each."""
    table = np.array(rows, float).reshape(-1, 5)
    return table[:, :4], table[:, 4]


def test_voc_files_are_read(marked):
    """Corners in pixels, and who wears no mask."""
    assert marked.xyxy.tolist() == [[10, 20, 30, 50], [60, 20, 80, 50]]
    assert marked.bare.tolist() == [True, False]


def test_sides_are_counted_apart(marked):
    """One finds both faces and a third that is none, the other only one."""
    tally = Tally()
    tally.add(marked, boxes((10, 20, 30, 50, 1), (60, 20, 80, 50, 1), (0, 80, 9, 90, 0.95)), boxes((60, 20, 80, 50, 1)))
    assert (tally.recall("ours"), tally.recall("reference")) == (1, 0.5)
    assert (tally.precision("ours"), tally.precision("reference")) == (pytest.approx(2 / 3), 1)


def test_bare_faces_are_compared_box_by_box(marked):
    """The reference's sure boxes count as found with 0.8 already, and only those on bare faces count."""
    tally = Tally()
    tally.add(marked, boxes((10, 20, 30, 50, 0.85)), boxes((10, 20, 30, 50, 0.95), (60, 20, 80, 50, 1)))
    assert tally.bare.tolist() == [1, 1, 0, 0]
    tally.add(marked, boxes((10, 20, 30, 50, 0.95)), boxes())
    assert tally.bare.tolist() == [1, 1, 0, 1]


def test_without_boxes_nothing_is_found(marked):
    """A photo where neither finds anybody is no division by zero."""
    tally = Tally()
    tally.add(marked, boxes(), boxes())
    assert (tally.recall("ours"), tally.precision("ours"), tally.bare.sum()) == (0, 0, 0)
