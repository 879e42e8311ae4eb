"""Frames made up for the capture's tests, and their way through a window."""

import numpy as np

from capture.asks import Asked
from capture.reader import Taken
from capture.sources import Frame
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
