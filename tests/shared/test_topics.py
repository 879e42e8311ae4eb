"""The wire: golden bytes of every message, and the gate that bad ones do not pass."""

import json
from pathlib import Path
from typing import get_args

import msgpack
import msgspec
import numpy as np
import pytest

from shared import messages as m
from shared.control import CameraFrame, Control, Opening
from shared.errors import MessageError
from shared.results import Ack, Smoothed, TrackedFace
from shared.status import Latency, SourceStatus, Status
from shared.topics import MAX_TOPIC_BYTES, TOPICS, Envelope, decode, encode

GOLDEN = Path(__file__).with_name("golden.json")

HEADER = m.Header(
    source="front",
    epoch=7,
    seq=12,
    prev=9,
    acked=8,
    pts=0.4,
    captured_ns=1_700_000_000_000_000_000,
    live=True,
    end=False,
)
LANDMARKS = ((1.0, 2.0), (3.0, 2.0), (2.0, 3.0), (1.0, 4.0), (3.0, 4.0))
PROBS = (0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.015625)
QUALITY = m.Quality(
    size=64.0, sharpness=0.25, noise=0.0625, brightness=128.0, contrast=48.0, roll=-4.5, turned=1.125, mouth=0.875
)
PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)

EXAMPLES = {
    "frame": Envelope(
        "frame",
        "detector-host-1",
        m.Frame(
            **HEADER,
            image=m.Image.of(PIXELS),
            classify=True,
            scan=True,
            hints=[(0.0, 0.0, 2.0, 2.0)],
            hint_ids=[7],
            turn=4,
            turns=8,
            max_side=640,
            deadline_ms=500.0,
            signature=[1, 2, 3],
        ),
    ),
    "preview": Envelope("preview", "front", m.Preview(**HEADER, jpeg=b"\xff\xd8\xff", size=(3, 2))),
    "faces": Envelope(
        "faces",
        "front",
        m.Faces(
            **HEADER,
            faces=[
                m.Face(
                    face=0,
                    xyxy=(0.0, 0.5, 2.0, 2.5),
                    confidence=0.99,
                    landmarks=LANDMARKS,
                    classify=True,
                    thumbnail=bytes(range(4)),
                )
            ],
            size=(3, 2),
            classify=True,
            worker="detector-host-1",
            detect_ms=12.5,
            classifiers=["classifier-host-2"],
            signature=[1, 2, 3],
        ),
    ),
    "crops": Envelope(
        "crops",
        "classifier-host-2",
        m.Crops(
            **HEADER,
            crops=[m.Crop(face=0, xyxy=(-1.0, 0.0, 2.0, 3.0), image=m.Image.of(PIXELS), quality=QUALITY)],
            deadline_ms=488.0,
        ),
    ),
    "emotions": Envelope(
        "emotions",
        "front",
        m.Emotions(
            **HEADER,
            emotions=[
                m.Emotion(
                    face=0,
                    probs=PROBS,
                    logits=(2.0, 1.0, 0.5, 0.0, -1.0, -2.0, -2.0),
                    quality=QUALITY,
                    reason="blurred",
                )
            ],
            model="emotion-cnn-1",
            worker="classifier-host-2",
            classify_ms=4.0,
        ),
    ),
    "dropped": Envelope("dropped", "front", m.Dropped(**HEADER, worker="detector-host-1", reason="given up")),
    "gone": Envelope("gone", "front", m.Gone(**HEADER, reason="deadline")),
    "smoothed": Envelope(
        "smoothed",
        "front",
        Smoothed(
            **HEADER,
            faces=[
                TrackedFace(
                    track_id=1,
                    xyxy=(0.0, 0.5, 2.0, 2.5),
                    confidence=0.99,
                    landmarks=LANDMARKS,
                    probs=None,
                    smoothed=PROBS,
                    label=None,
                    first_pts=0.0,
                    classified_pts=0.3,
                    quality=QUALITY,
                    reason="blurred",
                )
            ],
            size=(3, 2),
            classified=False,
            complete=True,
            repeat=False,
            stages_ms={"detect": 12.5},
        ),
    ),
    "ack": Envelope("ack", "front", Ack(source="front", epoch=7, seq=12)),
    "control": Envelope(
        "control",
        "capture-host-3",
        Control(
            process="capture-host-3",
            source="film",
            opening=Opening(spec="/films/film.mp4", mode="replay", at_end="hold", ack="recorder"),
        ),
    ),
    "camera": Envelope(
        "camera",
        "front",
        CameraFrame(source="front", captured_ns=1_700_000_000_000_000_000, jpeg=b"\xff\xd8\xff"),
    ),
    "status": Envelope(
        "status",
        "capture-host-3",
        Status(
            process="capture-host-3",
            name="capture.1",
            stage="capture",
            host="host",
            pid=3,
            started_ns=1_700_000_000_000_000_000,
            state="ready",
            sources=[
                SourceStatus(
                    source="front",
                    spec="0",
                    epoch=7,
                    state="running",
                    live=True,
                    seq=12,
                    window=2,
                    unfinished=1,
                    fps=30.0,
                    results_fps=11.5,
                    age_ms=80.25,
                    given_up=1,
                    stale=1,
                    overloaded=True,
                    effort=1,
                    scan_s=0.5,
                    max_side=1920,
                    classify_every=3,
                    bottleneck="detector",
                    waits_for="detector",
                    waits_s=0.25,
                    starts_s=1.5,
                    added=True,
                )
            ],
            counters={"in": 13, "out": 11},
            latency_ms=Latency(p50=20.5, p95=31.25),
            memory_mb=120.5,
            detail="",
            busy_s=0.0,
            unfinished={"front": 1},
        ),
    ),
}


def test_every_topic_has_an_example():
    """A topic added to the table has to be pinned here too."""
    assert EXAMPLES.keys() == TOPICS.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_bytes(name):
    """The bytes of a message change only when somebody means it: then golden.json changes in the same commit."""
    topic, body = encode(EXAMPLES[name])
    golden = json.loads(GOLDEN.read_text())[name]
    assert {"topic": topic.decode(), "hex": body.hex()} == golden


@pytest.mark.parametrize("name", EXAMPLES)
def test_decoding_is_the_inverse(name):
    """What was said is what is heard, pixels included."""
    heard = decode(encode(EXAMPLES[name]))
    assert heard == EXAMPLES[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_wire_is_plain_messagepack(name):
    """A client in another language needs nothing but a MessagePack library."""
    _, body = encode(EXAMPLES[name])
    plain = msgpack.unpackb(body)
    assert plain["v"] == 1
    assert plain == msgpack.unpackb(
        msgspec.msgpack.encode(msgspec.to_builtins(EXAMPLES[name].message, builtin_types=(bytes, memoryview)))
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_truncated_at_any_byte(name):
    """A message cut short never half-enters."""
    topic, body = encode(EXAMPLES[name])
    for length in range(len(body)):
        with pytest.raises(MessageError):
            decode((topic, body[:length]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_key_is_checked(name):
    """A value of the wrong type in any key is refused, with the key's path in the error."""
    topic, body = encode(EXAMPLES[name])
    plain = msgpack.unpackb(body)
    for key in plain:
        with pytest.raises(MessageError, match=key):
            decode(
                (
                    topic,
                    msgpack.packb(
                        plain | {key: {"not": "this"} if key not in ("counters", "stages_ms", "unfinished") else 3}
                    ),
                )
            )


@pytest.mark.parametrize("numbers", [{"acked": 10}, {"prev": 12}, {"prev": None}, {"seq": 9}, {"epoch": 2**53 + 1}])
def test_a_frames_numbers_are_in_order(numbers):
    """One damaged number must not make everybody wait for a frame that never comes, or believe all to be done."""
    topic, body = encode(EXAMPLES["gone"])
    with pytest.raises(MessageError):
        decode((topic, msgpack.packb(msgpack.unpackb(body) | numbers)))


@pytest.mark.parametrize("stamp", [-1, 2**63])
def test_the_stamp_of_a_camera_fits_a_table(stamp):
    """It comes from outside, and recorders store it in 64 bits."""
    topic, body = encode(EXAMPLES["camera"])
    with pytest.raises(MessageError, match="captured_ns"):
        decode((topic, msgpack.packb(msgpack.unpackb(body) | {"captured_ns": stamp})))


def test_unknown_keys_are_ignored():
    """Keys may be added within a protocol version."""
    topic, body = encode(EXAMPLES["ack"])
    assert decode((topic, msgpack.packb(msgpack.unpackb(body) | {"new": [1]}))) == EXAMPLES["ack"]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ((b"ack/front/",), "2 parts"),
        ((b"ack/front/", b"", b""), "2 parts"),
        ((b"ack/front", b"\x80"), "not <name>/<key>/"),
        ((b"ack//", b"\x80"), "not <name>/<key>/"),
        ((b"\xff\xfe/x/", b"\x80"), "not <name>/<key>/"),
        ((b"nonsense/x/", b"\x80"), "not a topic"),
        ((b"ack/" + b"x" * MAX_TOPIC_BYTES + b"/", b"\x80"), "longer than"),
        ((b"ack/front/", b"\x90"), "ack"),
        ((b"ack/front/", b"\xc1"), "ack"),
        ((b"ack/front/", b""), "ack"),
    ],
)
def test_what_is_not_a_message(parts, says):
    """Each kind of nonsense is named."""
    with pytest.raises(MessageError, match=says):
        decode(parts)


def test_another_version_is_refused():
    """`v` changes when a meaning does, so a message of another version must not be read as one of ours."""
    topic, body = encode(EXAMPLES["ack"])
    with pytest.raises(MessageError, match=r"\$\.v"):
        decode((topic, msgpack.packb(msgpack.unpackb(body) | {"v": 2})))


def test_over_long_is_refused_before_it_is_decoded():
    """A huge message costs nothing but its refusal."""
    with pytest.raises(MessageError, match="too long"):
        decode((b"ack/front/", bytes(TOPICS["ack"].max_bytes + 1)))


def test_a_message_under_another_sources_topic():
    """Topic and message agree, so that a subscriber to one source never hears another."""
    _, body = encode(EXAMPLES["ack"])
    with pytest.raises(MessageError, match="side"):
        decode((b"ack/side/", body))


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2, 3, 4]},
        {"shape": [20, 3, 3]},
        {"shape": [0, 3, 3]},
        {"dtype": "float32"},
        {"data": b"short"},
    ],
)
def test_pixels_that_do_not_fit_their_shape(change):
    """An image whose bytes do not match its shape would read memory that is not its own."""
    topic, body = encode(EXAMPLES["frame"])
    plain = msgpack.unpackb(body)
    plain["image"] |= change
    with pytest.raises(MessageError, match="image"):
        decode((topic, msgpack.packb(plain)))


def spoilt(plain, value):
    """Every copy of a message in which one of its floating-point numbers is another."""
    pairs = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, child in list(pairs):
        for other in [value] if isinstance(child, float) else spoilt(child, value):
            copy = plain.copy()
            copy[key] = other
            yield copy


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", EXAMPLES)
def test_numbers_have_to_be_finite(name, value):
    """A NaN in a box, a probability or a latency would spread into every later result, and stop every page."""
    topic, body = encode(EXAMPLES[name])
    messages = list(spoilt(msgpack.unpackb(body), value))
    assert messages or name in ("ack", "control", "camera")
    for plain in messages:
        with pytest.raises(MessageError, match="Expected `float`"):
            decode((topic, msgpack.packb(plain)))


@pytest.mark.parametrize("name", ["Front", "a b", "", "x" * 33, "a/b"])
def test_names_of_sources(name):
    """A source's name is part of topics and file names, so it is plain."""
    _, body = encode(EXAMPLES["gone"])
    with pytest.raises(MessageError):
        decode((f"gone/{name}/".encode(), msgpack.packb(msgpack.unpackb(body) | {"source": name})))


def test_pixels_are_not_copied():
    """Decoding a frame is cheap because its pixels stay where they arrived."""
    topic, body = encode(EXAMPLES["frame"])
    message = decode((topic, memoryview(body))).message
    assert isinstance(message, m.Frame)
    assert np.shares_memory(message.image.pixels(), np.frombuffer(body, np.uint8))


def test_emotions_are_in_alphabetical_order():
    """The order of probabilities is part of the protocol."""
    assert list(m.EMOTIONS) == sorted(m.EMOTIONS)
    assert len(get_args(m.Probs)) == len(m.EMOTIONS)


if __name__ == "__main__":  # writes the golden bytes anew, for a change of format that is meant
    rows = {
        name: dict(zip(("topic", "hex"), (t.decode(), b.hex()), strict=True))
        for name, (t, b) in ((n, encode(e)) for n, e in EXAMPLES.items())
    }
    GOLDEN.write_text(json.dumps(rows, indent=1) + "\n")
