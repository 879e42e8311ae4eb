"""The table of topics, and the codec that every message passes through.

A message has two parts: the topic, `<name>/<key>/`, and one MessagePack map.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared import messages
from shared.control import CameraFrame, Control
from shared.errors import MessageError
from shared.results import Ack, Smoothed
from shared.status import Status

MAX_TOPIC_BYTES = 160
_SMALL = 8 << 20
_PIXELS = 512 << 20


class Topic(NamedTuple):
    """One message type, and what `<key>` in `<name>/<key>/` means; docs/protocol.md says who sends it to whom."""

    name: str
    key: str
    type: type[messages.Message]
    max_bytes: int = _SMALL


TOPICS = {
    topic.name: topic
    for topic in (
        Topic("frame", "detector", messages.Frame, _PIXELS),
        Topic("preview", "source", messages.Preview),
        Topic("faces", "source", messages.Faces),
        Topic("crops", "classifier", messages.Crops, _PIXELS),
        Topic("emotions", "source", messages.Emotions),
        Topic("gone", "source", messages.Gone),
        Topic("dropped", "source", messages.Dropped),
        Topic("smoothed", "source", Smoothed),
        Topic("ack", "source", Ack),
        Topic("status", "process", Status),
        Topic("control", "process", Control),
        Topic("camera", "source", CameraFrame),
    )
}


class Envelope(NamedTuple):
    """A message with its topic's name and key."""

    topic: str
    key: str
    message: messages.Message


_encoder = msgspec.msgpack.Encoder()
_decoders = {name: msgspec.msgpack.Decoder(topic.type) for name, topic in TOPICS.items()}


def encode(envelope: Envelope) -> tuple[bytes, bytes]:
    """The two parts of a message on the wire."""
    return f"{envelope.topic}/{envelope.key}/".encode(), _encoder.encode(envelope.message)


def decode(parts: Sequence[bytes | memoryview]) -> Envelope:
    """The inverse of `encode`; pixels stay views of the buffer.

    Raises MessageError, whose `kind` names the fault and whose text locates it.
    """
    if len(parts) != 2:
        raise MessageError("parts", f"expected 2 parts, got {len(parts)}")
    raw_topic, body = bytes(parts[0][: MAX_TOPIC_BYTES + 1]), parts[1]
    if len(raw_topic) > MAX_TOPIC_BYTES:
        raise MessageError("topic", f"longer than {MAX_TOPIC_BYTES} bytes")
    name, key = _split(raw_topic)
    topic = TOPICS.get(name)
    if topic is None:
        raise MessageError("topic", f"{name!r} is not a topic of protocol version {messages.PROTOCOL_VERSION}")
    if len(body) > topic.max_bytes:
        raise MessageError(f"{name} too long", f"{len(body)} bytes, more than the limit of {topic.max_bytes}")
    try:
        message = _decoders[name].decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(name, str(error)) from error
    if topic.key in ("source", "process") and getattr(message, topic.key) != key:
        raise MessageError(name, f"{topic.key} is {getattr(message, topic.key)!r}, but the topic's key is {key!r}")
    return Envelope(name, key, message)


def _split(raw: bytes) -> tuple[str, str]:
    try:
        name, key, rest = raw.decode().split("/")
    except ValueError as error:  # includes UnicodeDecodeError
        raise MessageError("topic", f"{raw!r} is not <name>/<key>/") from error
    if rest or not key:
        raise MessageError("topic", f"{raw!r} is not <name>/<key>/")
    return name, key
