"""Row `transport/720p`: one hop of a raw frame on the bus against copying it once in memory."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.measure import Row, alternate, milliseconds
from benchmarks.pictures import crowd
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from shared.bus import Bus
from shared.errors import AffectError
from shared.messages import Frame, Image
from shared.topics import Envelope, decode, encode

SIZES = {"720p": (1280, 720)}


def rows(plan: Plan) -> Iterator[Row]:
    """From the pixels in one process to the pixels behind the bus; the bus is a process of its own."""
    for name, size in SIZES.items():
        if not plan.wants(f"transport/{name}"):
            continue
        frame = crowd(1, size)
        there = np.empty_like(frame)
        with Pipeline({}, stages=["bus"]) as pipeline:
            hop = Hop(pipeline, frame)
            sides = milliseconds(hop), milliseconds(partial(np.copyto, there, frame))
            yield Row(f"transport/{name}", *alternate(*sides, rounds=plan.many(300, 30), warm_ups=10), "ms")
            hop.close()


class Hop:
    """Sends a frame and waits until it has come through the bus."""

    def __init__(self, pipeline: Pipeline, pixels: np.ndarray):
        self._pixels = pixels
        self._from, self._to = Bus(pipeline.settings), Bus(pipeline.settings)
        self._to.subscribe("frame/there/")
        for _ in range(100):  # until the subscription has come through
            self._from.wait(0.3)
            if any(event.topic == "frame/there/" for event in self._from.receive_subscriptions()):
                return
        raise AffectError("the bus did not start within 30 s")

    def __call__(self) -> np.ndarray:
        """The pixels as they came."""
        message = Frame(
            source="bench", epoch=0, seq=0, prev=None, acked=None, pts=0.0, captured_ns=0, live=False, end=False,
            image=Image.of(self._pixels), classify=False,
        )  # fmt: skip
        self._from.publish(encode(Envelope("frame", "there", message)))
        while True:
            self._to.wait(5)
            for parts in self._to.receive(1):
                heard = decode(parts).message
                assert isinstance(heard, Frame)  # noqa: S101 — we subscribed to nothing else
                return heard.image.pixels()

    def close(self) -> None:
        """Leave the bus."""
        self._from.close()
        self._to.close()
