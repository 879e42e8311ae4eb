"""Recorded results come back as they were."""

import json
from typing import Any

import cv2
import numpy as np
import pytest

from recorder.film import frames
from recorder.manifest import RUN
from recorder.publish import Pictures, Publisher, results
from recorder.tables import write_tables
from shared.messages import Preview
from shared.results import Smoothed
from tests.capture.films import film as made_film
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


def test_previews_show_the_frames_of_the_film(tmp_path):
    """Each before its result, smaller, at most so many a second of the film; frames that are not in it have none."""
    clip = made_film(tmp_path / "film.mp4", images=[np.full((48, 64, 3), 10 * index, np.uint8) for index in range(10)])
    told = [result(seq, pts=seq / 25, prev=None if seq == 2 else seq - 1, end=seq == 11) for seq in range(2, 12)]
    stage = Publisher(iter(told), Pictures(frames(clip), width=32, fps=9.0))
    said = [one for now in (0.0, 9.0) for one in stage.tick(now)]
    assert [one.topic for one in said[:3]] == ["preview", "smoothed", "smoothed"]
    previews = [one.message for one in said if isinstance(one.message, Preview)]
    assert [one.seq for one in previews] == [2, 5, 8]
    assert {one.size for one in previews} == {(64, 48)}
    shown = [cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_COLOR) for one in previews]
    assert {one.shape for one in shown} == {(24, 32, 3)}
    assert [one.mean() for one in shown] == pytest.approx([20, 50, 80], abs=4)
    assert len(said) == len(previews) + 10
