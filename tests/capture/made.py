"""Frames and sources made up for the capture's tests, and their way through a window."""

from collections import deque

import numpy as np

from capture.asks import Asked
from capture.reader import Taken
from capture.sources import Frame, SourceUnavailable
from shared import messages as m

IMAGE = np.zeros((4, 4, 3), np.uint8)
TWO = ("classifier-a-2", "classifier-b-2")


def admit(window, seq, now=0.0):
    return window.admit(Taken(Frame(IMAGE, seq / 30, seq), 0, now), Asked())


def send_all(window, now=0.0, detector="detector-a-1"):
    sent = list(window.to_send())
    for flight in sent:
        window.sent(flight, None if flight.gone else detector, now)
    return [flight.seq for flight in sent]


def faces(flight, classifiers=("classifier-a-2",), worker="detector-a-1"):
    return m.Faces(
        source="s", epoch=1, seq=flight.seq, prev=flight.prev, acked=None, pts=flight.pts, captured_ns=0, live=False,
        end=False, faces=[], size=(4, 4), classify=False, worker=worker, detect_ms=1.0,
        classifiers=list(classifiers),
    )  # fmt: skip


class MadeUp:
    """A source of `count` frames; `script` makes its openings fail; `gate` lets frames through one by one."""

    live_only = False
    paced = False
    starts_s = 10.0
    label = "made up"

    def __init__(self, count=5, script=(), live=False, gate=None, warnings=()):
        self.count, self.script, self.live_only = count, deque(script), live
        self.gate, self.warnings, self.opened = gate, list(warnings), 0
        self._next = 0

    def open(self):
        self.opened += 1
        if self.script and (fault := self.script.popleft()):
            raise fault
        self._next = 0

    def skip_to(self, index):
        self._next = index

    def read(self):
        if self.gate:
            self.gate.acquire()
        if self._next >= self.count:
            if self.live_only:
                raise SourceUnavailable("unplugged")
            return None
        index, self._next = self._next, self._next + 1
        last = not self.live_only and index == self.count - 1
        return Frame(np.full((2, 2, 3), index, np.uint8), index / 30, index, last)

    def close(self):
        pass
