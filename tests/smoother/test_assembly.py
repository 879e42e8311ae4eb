"""Putting frames together: in order, once, whatever order their parts come in, and whoever dies in between."""

import itertools
import random

import msgspec
import pytest

from shared import messages as m
from smoother.assembly import Assembly, Memory

LANDMARKS = ((40.0, 40.0), (60.0, 40.0), (50.0, 50.0), (42.0, 60.0), (58.0, 60.0))


def header(seq, prev=..., acked=None, end=False, live=False):
    before = (seq - 1 if seq else None) if prev is ... else prev
    return m.Header(
        source="s", epoch=1, seq=seq, prev=before, acked=acked, pts=seq / 30, captured_ns=seq, live=live, end=end
    )


def faces(seq, count=1, classify=None, **more):
    classify = seq % 3 == 0 if classify is None else classify
    found = [
        m.Face(
            face=index,
            xyxy=(30.0 + 200 * index, 20.0, 70.0 + 200 * index, 70.0),
            confidence=0.99,
            landmarks=LANDMARKS,
            classify=classify,
        )
        for index in range(count)
    ]
    return m.Faces(**header(seq, **more), faces=found, size=(640, 480), classify=classify, worker="d", detect_ms=5.0)


def probs(top):
    return tuple(0.4 if index == top else 0.1 for index in range(7))


def emotions(seq, which=(0,), top=3, **more):
    said = [m.Emotion(face=face, probs=probs(top), logits=probs(top)) for face in which]
    return m.Emotions(**header(seq, **more), emotions=said, model="m", worker="c", classify_ms=2.0)


def gone(seq, reason="deadline", **more):
    return m.Gone(**header(seq, **more), reason=reason)


def assembly(memory=None):
    return Assembly("s", 1, 0.7, memory)


def story(count, **more):
    """All parts of the first `count` frames of a source, in order."""
    parts = []
    for seq in range(count):
        parts.append(faces(seq, **more))
        if seq % 3 == 0:
            parts.append(emotions(seq, which=range(more.get("count", 1))))
    return parts


def told(parts, to=None):
    to = to or assembly()
    return [result for part in parts for result in to.hear(part)]


def test_a_frame_is_released_when_its_parts_are_complete():
    """A frame to be classified waits for all its emotions, whoever classified them."""
    one = assembly()
    assert one.hear(faces(0, count=2)) == []
    assert one.hear(emotions(0, which=[1])) == []
    (result,) = one.hear(emotions(0, which=[0]))
    assert (result.seq, result.complete, result.classified, result.repeat) == (0, True, True, False)
    assert [face.label for face in result.faces] == ["happy", "happy"]
    assert result.stages_ms == {"detect": 5.0, "classify": 2.0}


def test_who_is_left_out_is_passed_on():
    """A viewer hears results alone."""
    (result,) = assembly().hear(msgspec.structs.replace(faces(0, classify=False), left_out=12))
    assert result.left_out == 12


def test_a_frame_not_to_be_classified_needs_no_emotions():
    """Two frames of three carry the last smoothed emotions on."""
    results = told(story(3))
    assert [result.seq for result in results] == [0, 1, 2]
    assert [result.classified for result in results] == [True, False, False]
    assert results[1].faces[0].probs is None
    assert results[2].faces[0].smoothed == results[0].faces[0].smoothed


def test_any_order_of_parts_gives_the_same_results():
    """Workers overtake each other; what comes out does not depend on it."""
    parts = story(4)
    expected = told(parts)
    for order in itertools.permutations(parts):
        assert told(order) == expected


def test_a_face_that_cannot_be_read_has_a_reason_until_it_can():
    """The label goes and comes with the classified frames; probabilities and their average are always there."""
    seen = m.Quality(
        size=12.0, sharpness=0.2, noise=0.05, brightness=99.0, contrast=40.0, roll=0.0, turned=1.1, mouth=0.9
    )
    results = []
    one = assembly()
    for seq in range(9):
        results += one.hear(faces(seq))
        if seq % 3 == 0:
            (emotion,) = emotions(seq).emotions
            reason = "too small" if seq == 3 else None
            unread = msgspec.structs.replace(emotion, quality=seen, reason=reason)
            results += one.hear(msgspec.structs.replace(emotions(seq), emotions=[unread]))
    (shown,) = zip(*(result.faces for result in results), strict=True)
    assert [face.label for face in shown] == ["happy"] * 3 + [None] * 3 + ["happy"] * 3
    assert [face.reason for face in shown] == [None] * 3 + ["too small"] * 3 + [None] * 3
    assert [face.quality for face in shown] == [seen, None, None] * 3
    assert all(face.smoothed for face in shown)


def test_many_workers_shuffle_a_long_story():
    """The same with hundreds of frames, mixed up as far as a window allows."""
    parts, expected = story(300), told(story(300))
    chance = random.Random(1)
    mixed = sorted(parts, key=lambda part: part.seq + chance.uniform(0, 12))
    assert told(mixed) == expected


def test_live_gaps_are_no_riddle():
    """A frame waits for the one sent before it, not for those that were never sent."""
    one = assembly()
    assert [r.seq for r in one.hear(faces(4, prev=None, classify=False))] == [4]
    assert one.hear(faces(9, prev=7, classify=False)) == []
    assert [r.seq for r in one.hear(faces(7, prev=4, classify=False))] == [7, 9]


def test_a_frame_given_up_is_published_incomplete_and_the_next_go_on():
    """Giving up is the capture's word; the smoother publishes what it has."""
    one = assembly()
    one.hear(faces(0))
    assert one.hear(faces(1)) == []
    first, second = one.hear(gone(0))
    assert (first.seq, first.complete, first.size) == (0, False, (640, 480))
    assert first.faces[0].smoothed is None
    assert (second.seq, second.complete) == (1, True)
    (nothing,) = one.hear(gone(2))
    assert (nothing.faces, nothing.size, nothing.complete, nothing.classified) == ([], None, False, False)


def test_a_frame_that_arrives_again_gets_the_same_answer_once_more():
    """`smoothed/` is at least once: whoever missed the answer hears it again, marked and unchanged."""
    one = assembly()
    results = told(story(4), one)
    (again,) = one.hear(faces(1))
    assert again.repeat
    assert msgspec.structs.replace(again, repeat=False) == results[1]
    assert one.hear(emotions(0)) == []
    (given_up,) = one.hear(gone(0))
    assert msgspec.structs.replace(given_up, repeat=False) == results[0]


def test_what_is_acknowledged_is_not_kept():
    """The capture says up to where it knows; nothing is kept for longer, so memory stays flat."""
    one = assembly()
    told(story(30), one)
    assert sorted(one.memory().kept) == list(range(30))
    one.hear(faces(30, acked=28))
    assert sorted(one.memory().kept) == [29]
    assert one.hear(faces(3)) == []


@pytest.mark.parametrize("killed_after", range(14))
def test_a_killed_smoother_goes_on_from_its_memory(killed_after):
    """Whenever it is killed, the rows are those of an unbroken run: unfinished frames are simply sent again."""
    parts = story(10)
    expected = told(parts)
    first = assembly()
    before = told(parts[:killed_after], first)
    written = msgspec.msgpack.encode(first.memory())
    second = assembly(msgspec.msgpack.decode(written, type=Memory))
    after = told(parts, second)  # the capture sends again whatever it has no answer for, and more
    rows = {result.seq: result for result in before}
    for result in after:
        rows.setdefault(result.seq, msgspec.structs.replace(result, repeat=False))
    assert [rows[seq] for seq in sorted(rows)] == expected
    assert [result.repeat for result in after] == [result.seq < len(before) for result in after]


def test_a_smoother_that_never_saw_the_past_begins_where_it_was_acknowledged():
    """With its memory lost, a smoother waits for nothing that is done already."""
    one = assembly()
    (result,) = one.hear(faces(101, prev=100, acked=100, classify=False))
    assert result.seq == 101
    assert assembly().hear(faces(101, prev=100, acked=99, classify=False)) == []


def test_the_first_part_wins():
    """A frame sent twice is classified twice; one of the answers counts, so that repeats agree."""
    one = assembly()
    one.hear(emotions(0, top=3))
    one.hear(emotions(0, top=5))
    (result,) = one.hear(faces(0))
    assert result.faces[0].label == "happy"


def test_pending_parts_are_bounded(monkeypatch):
    """A source whose beginning is lost costs a bounded amount of memory, and the oldest frames are the ones kept."""
    monkeypatch.setattr("smoother.assembly.MOST_PENDING", 64)
    one = assembly()
    for seq in range(1, 100):
        one.hear(faces(seq, classify=False))
    results = one.hear(faces(0, classify=False))
    assert len(results) == 64
    assert results[0].seq == 0


def test_low_confidence_faces_are_listed_only_when_a_track_is_kept_by_them():
    """A box too weak to start a track gives no face of its own."""
    weak = msgspec.structs.replace(
        faces(0, classify=False),
        faces=[m.Face(face=0, xyxy=(0, 0, 50, 50), confidence=0.61, landmarks=LANDMARKS, classify=False)],
    )
    (result,) = assembly().hear(weak)
    assert result.faces == []


def seqs(results):
    return [result.seq for result in results]


def test_a_frame_behind_another_than_the_last_is_no_next_one():
    """A number that was damaged on its way must not end the epoch; the real frames go on."""
    one = assembly()
    assert seqs(one.hear(faces(0, count=0))) == [0]
    assert one.hear(faces(10**12, count=0, prev=None)) == []
    assert one.hear(gone(10**12, prev=10**11)) == []
    assert seqs(one.hear(faces(1, count=0))) == [1]
    assert seqs(one.hear(faces(2, count=0))) == [2]


def test_what_cannot_be_released_any_more_is_forgotten():
    """Frames that claim to lie between others are dropped when those are released."""
    one = assembly()
    one.hear(faces(0, count=0))
    one.hear(faces(3, count=0, prev=1))
    assert seqs(one.hear(faces(5, count=0, prev=0))) == [5]
    assert one._pending == {}


@pytest.mark.parametrize("far", [10**12, 2**53])
def test_a_made_up_frame_that_fits_is_recovered_from(far):
    """Its number hides the real ones behind it for seconds, not for ever."""
    one = assembly()
    one.hear(faces(0, count=0, acked=None), 0.0)
    assert seqs(one.hear(gone(far, prev=0), 0.1)) == [far]
    heard = []
    for seq in range(1, 120):
        heard += one.hear(faces(seq, count=0, acked=None), seq / 30)
    assert heard[0].seq < 2.2 * 30
    assert seqs(heard)[-1] == 119


def test_what_claims_a_coming_frames_number_does_not_keep_it_back():
    """Parts with another `prev` are another frame's, whoever came first."""
    one = assembly()
    one.hear(faces(0, count=0), 0.0)
    for seq in range(1, 9):
        one.hear(faces(seq, count=1, prev=None), 0.1)
    assert seqs(one.hear(faces(1, count=0), 0.2)) == [1]
    assert seqs(one.hear(faces(2, count=0), 0.3)) == [2]


def test_a_wrong_acknowledgement_is_recovered_from():
    """One that fits in itself, far ahead, hides all real frames; their capture gives them up and asks every second."""
    one = assembly()
    assert seqs(one.hear(faces(0, count=0, live=True), 0.0)) == [0]
    assert seqs(one.hear(faces(1002, count=0, prev=1000, acked=1000, live=True), 0.1)) == [1002]
    heard = []
    for second in range(1, 5):
        for seq in (1, 2):
            heard += one.hear(gone(seq, acked=0, live=True), float(second))
    assert seqs(heard)[:2] == [1, 2]
    assert seqs(one.hear(faces(3, count=0, acked=2, live=True), 5.0)) == [3]


def test_frames_that_arrive_late_again_and_again_are_no_such_sign():
    """A worker that was frozen answers for frames that others have done long ago."""
    one = assembly()
    for seq in range(40):
        one.hear(faces(seq, count=0, acked=seq - 1 if seq else None), seq / 30)
    for tick in range(100):
        assert one.hear(faces(tick % 30, count=0), 2.0 + tick / 10) == []
    assert seqs(one.hear(faces(40, count=0, acked=39), 20.0)) == [40]
