"""The annotated film, compared with its original."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
from PIL import Image

from recorder.annotate import Face, Faces, annotate
from recorder.colours import LABEL_COLOURS, bgr, colour_of
from recorder.encode import write_film
from shared.messages import EMOTIONS
from tests.capture.films import film, picture, read, remuxed, table
from tests.recorder.finished import face, recording, times

GREY = [np.full((96, 128, 3), 90, np.uint8)] * 12
B = {"bf": "2", "g": "5"}
UNEVEN = [0, 1, 2, 5, 6, 9, 10, 11, 12, 30]


class Packet(NamedTuple):
    """A packet of sound: when it is heard, in seconds, and what is in it."""

    time: float
    content: bytes


def packets(path: Path, begins_s: float = 0.0) -> list[Packet]:
    with av.open(str(path)) as media:
        found: Iterable[Any] = media.demux(audio=0)
        return [Packet(float(one.pts * one.time_base) - begins_s, bytes(one)) for one in found if one.size]


def length(path: Path) -> float:
    """Of the video track, in seconds."""
    with av.open(str(path)) as media:
        stream = media.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return float(stream.duration * stream.time_base)


def begins(path: Path) -> tuple[float, float]:
    """Where the container's and the video track's time begin, in seconds."""
    with av.open(str(path)) as media:
        stream = media.streams.video[0]
        assert stream.time_base is not None
        return media.start_time / av.time_base, float((stream.start_time or 0) * stream.time_base)


def annotated(tmp_path: Path, clip: Path, faces: Iterable[dict[str, Any]] = (), **options: bool) -> Path:
    pts = [frame.pts for frame in read(clip)[0]]
    return annotate(recording(tmp_path / "out", pts, faces), clip, **options)


FILMS = [
    ("plain.mp4", {}),
    ("reordered.mp4", {"options": B}),
    ("ntsc.mp4", {"rate": Fraction(30_000, 1001), "options": B}),
    ("uneven.mp4", {"images": 10, "rate": 10, "stamps": UNEVEN, "options": B}),
    ("late.mp4", {"stamps": [index + 100 for index in range(20)]}),
    ("uneven.mkv", {"images": 10, "rate": 10, "stamps": UNEVEN}),
    ("broadcast.ts", {"options": B}),
    ("old.avi", {"codec": "mpeg4"}),
]


@pytest.mark.parametrize(("name", "how"), FILMS, ids=[row[0] for row in FILMS])
def test_the_same_frames_at_the_same_times(tmp_path, name, how) -> None:
    """As many frames, each at its time, whatever the container and however they are spaced."""
    clip = film(tmp_path / name, **how)
    made = annotated(tmp_path, clip)
    ours, theirs = ([frame.pts for frame in read(path)[0]] for path in (made, clip))
    assert ours == pytest.approx(theirs, abs=1e-5)
    if clip.suffix == ".mp4" and "stamps" not in how:  # else this film's own header is wrong
        assert length(made) == pytest.approx(length(clip), abs=1e-5)


@pytest.mark.parametrize("name", ["sound.mp4", "sound.mkv", "sound.ts"])
def test_the_sound_is_copied(tmp_path, name) -> None:
    """The same packets at the same distance from the picture; in MPEG-TS neither track begins at 0."""
    clip = remuxed(tmp_path / name, film(tmp_path / "silent.mp4", images=50, options=B), sound_s=3.0)
    made = annotated(tmp_path, clip)
    container_s, video_s = begins(clip)
    ours, theirs = packets(made), packets(clip, container_s)
    assert len(theirs) > 20
    header = 7 if clip.suffix == ".ts" else 0  # MPEG-TS repeats AAC's header in every packet
    assert [one.content for one in ours] == [one.content[header:] for one in theirs]
    assert [one.time for one in ours] == pytest.approx([one.time for one in theirs], abs=1e-4)
    assert begins(made)[1] == pytest.approx(video_s - container_s, abs=1e-4)


def test_sound_that_mp4_cannot_hold_becomes_aac(tmp_path) -> None:
    """Kept in another form, as long as before."""
    clip = tmp_path / "film.mkv"
    with av.open(str(film(tmp_path / "silent.mp4", images=50))) as media, av.open(str(clip), "w") as output:
        video = output.add_stream_from_template(media.streams.video[0])
        sound = output.add_stream("pcm_u8", rate=8000, layout="mono")
        for packet in media.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.full((1, 16_000), 128, np.uint8), "u8", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
        output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    with av.open(str(annotated(tmp_path, clip))) as media:
        assert media.streams.audio[0].codec_context.name == "aac"
        heard = sum(part.samples for part in media.decode(audio=0))
    assert heard == pytest.approx(2 * 48_000, abs=2048)


def test_boxes_are_on_exactly_their_frames(tmp_path) -> None:
    """A box that moves with each frame, and is absent from every third, is where its frame has it, and nowhere else."""
    clip = film(tmp_path / "grey.mp4", images=GREY, options=B)
    seen = [seq for seq in range(12) if seq % 3]
    faces = [face(seq, 1, None, box=(8 * seq, 40, 8 * seq + 30, 90)) for seq in seen]
    images = [frame.image.astype(int) for frame in read(annotated(tmp_path, clip, faces))[0]]
    colour = np.array(bgr(colour_of(1)))
    for seq, image in enumerate(images):
        line = np.abs(image[55:85] - colour).max(axis=2).mean(axis=0)  # below the text: only the sides are there
        drawn = sorted(int(x) for x in np.flatnonzero(line < 60))
        expected = [8 * seq, 8 * seq + 29] if seq in seen else []
        assert drawn == expected, seq


def test_the_label_stands_above_the_box(tmp_path) -> None:
    """A filled sign in the person's colour; a face without number and label has a box alone."""
    clip = film(tmp_path / "grey.mp4", images=GREY[:2])
    faces = [face(0, 3, "sad", box=(20, 50, 60, 90)), face(1, None, None, box=(20, 50, 60, 90))]
    first, second = (frame.image.astype(int) for frame in read(annotated(tmp_path, clip, faces))[0])
    above = first[36:48, 22:50]
    assert (np.abs(above - bgr(colour_of(3))).max(axis=2) < 40).mean() > 0.3
    assert np.abs(second[36:46, 22:50] - 90).max() < 12


def test_blurred_faces_are_gone_and_the_rest_stays(tmp_path) -> None:
    """What the face was made of cannot be seen; a face found a moment later is blurred before, too."""
    fine = np.indices((96, 128)).sum(axis=0) // 4 % 2 * 255
    clip = film(tmp_path / "fine.mp4", images=[np.repeat(fine[..., None], 3, axis=2).astype(np.uint8)] * 30)
    made = annotated(tmp_path, clip, [face(20, 1, None, box=(40, 20, 80, 70))], blur=True)
    images = [frame.image for frame in read(made)[0]]
    inside = [image[25:65, 45:75].std() for image in images]
    outside = [image[:, 100:].std() for image in images]
    assert min(outside) > 100
    assert max(inside[8:]) < 40  # 0.48 s before it was found, and after
    assert min(inside[:6]) > 100


def test_frames_that_nobody_looked_at_are_blurred_whole(tmp_path) -> None:
    """Outside an excerpt, or given up, there may be faces that no table has; without blur they stay as they are."""
    fine = np.indices((96, 128)).sum(axis=0) // 4 % 2 * 255
    clip = film(tmp_path / "fine.mp4", images=[np.repeat(fine[..., None], 3, axis=2).astype(np.uint8)] * 6)
    folder = recording(tmp_path / "out", [frame.pts for frame in read(clip)[0]][:4], [], given_up=[1])
    blurred, plain = ([one.image.std() for one in read(annotate(folder, clip, blur=blur))[0]] for blur in (True, False))
    assert [deviation < 40 for deviation in blurred] == [False, True, False, False, True, True]
    assert min(plain) > 100


def test_who_is_found_is_not_blurred_elsewhere() -> None:
    """A person's own box in a frame is enough; of somebody else the nearest one stands in."""
    boxes = [(0, 0.0, 1), (1, 0.1, 1), (1, 0.1, 2), (3, 0.3, 2), (4, 0.4, -1), (9, 0.9, 3)]
    faces = Faces(Face(seq, pts, track_id, (0, 0, 1, 1), None) for seq, pts, track_id in boxes)
    faces.move_to(0.1)
    assert [(one.seq, one.track_id) for one in faces.around(1, 0.1)] == [(1, 1), (1, 2)]
    faces.move_to(0.25)
    assert [(one.seq, one.track_id) for one in faces.around(2, 0.25)] == [(3, 2), (1, 1)]
    faces.move_to(5.0)
    assert faces.around(50, 5.0) == []


def test_odd_sizes_and_changes_of_size(tmp_path) -> None:
    """H.264 needs even sides: the last line is doubled; a frame of another size is fitted into the first one's."""
    clip = film(tmp_path / "odd.mkv", "ffv1", [picture(0, (65, 49)), picture(1, (65, 49))], pixels="bgr0")
    assert read(annotated(tmp_path, clip))[0][0].size == (66, 50)
    wide, high = (read(film(tmp_path / f"{w}.mkv", "ffv1", [picture(0, (w, h))], pixels="bgr0"))[0][0]
                  for w, h in ((64, 32), (32, 64)))  # fmt: skip
    write_film(tmp_path / "both.mp4", [wide, replace(high, pts=1.0)], None, 0.0)
    second = read(tmp_path / "both.mp4")[0][1]
    assert second.size == (64, 32)
    assert second.image[:, :20].max() < 20
    assert second.image[:, 26:38].max() > 150


def test_pictures_become_a_film(tmp_path) -> None:
    """A folder of pictures is a slow film without sound."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(3):
        Image.fromarray(picture(index)).save(folder / f"{index}.png")
    made = annotate(recording(tmp_path / "out", times(3, 1.0), [face(1, 1, "sad")]), folder)
    assert [row.pts for row in table(made)] == [0.0, 1.0, 2.0]


def test_colours_are_there_for_every_label() -> None:
    """As `#rrggbb`."""
    assert tuple(LABEL_COLOURS) == EMOTIONS
    assert bgr("#010203") == (3, 2, 1)
