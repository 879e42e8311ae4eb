"""Recorded results come back as they were."""

import json
from typing import Any

import pytest

from recorder.manifest import RUN
from recorder.publish import Publisher, results
from recorder.tables import write_tables
from shared.results import Smoothed
from tests.recorder.made import face, film, result


def as_recorded(one: Smoothed) -> Any:
    return one.seq, one.pts, one.size, one.complete, one.classified, one.left_out, one.end, len(one.faces)


def test_each_frame_has_its_own_faces(tmp_path):
    """Also frames with none before, between and behind, and several in one."""
    told = [result(0), *film(8)[1:4], result(4, face(1), face(2)), result(5), result(7, prev=5, end=True)]
    write_tables(told, tmp_path, csv=False)
    played = list(results(tmp_path, epoch=9))
    assert list(map(as_recorded, played)) == list(map(as_recorded, told))
    assert [one.prev for one in played] == [None, 0, 1, 2, 3, 4, 5]
    assert {one.epoch for one in played} == {9}
    for mine, its in zip(played[4].faces, told[4].faces, strict=True):
        assert (mine.track_id, mine.xyxy, mine.label) == (its.track_id, its.xyxy, its.label)
        assert mine.landmarks == its.landmarks
        assert mine.probs == pytest.approx(its.probs)
    assert played[1].faces[0].probs is None


def test_they_come_with_their_timing(tmp_path):
    """A second after the start, so that whoever listens has heard of it."""
    write_tables([result(0), result(15), result(30, prev=15, end=True)], tmp_path, csv=False)
    (tmp_path / RUN).write_text(json.dumps({}))
    stage = Publisher(results(tmp_path, 1))
    said = {now: [one.message for one in stage.tick(now)] for now in (100.0, 100.9, 101.0, 101.4, 101.6, 102.1)}
    assert {now: [one.seq for one in some if isinstance(one, Smoothed)] for now, some in said.items() if some} == {
        101.0: [0], 101.6: [15], 102.1: [30]
    }  # fmt: skip
    assert stage.finished
