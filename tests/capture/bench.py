"""A capture without a bus: its stage is turned by hand, and its workers and its smoother are made up."""

import threading
import time
from typing import Any

from capture.stage import Capture
from shared import messages as m
from shared.bus import Subscription
from shared.control import Control, Opening
from shared.identity import identify
from shared.results import Smoothed
from shared.settings import load_settings
from shared.stage import Place
from shared.topics import Envelope
from tests.capture.made import MadeUp
from tests.dashboard.made import status

FILM = Opening(spec="film.mp4", mode="replay")
WORKERS = ("detector-host-1", "classifier-host-1")


class Bench:
    """One capture, what it has said, and the log; `now` is the second at which it is turned."""

    def __init__(self, tmp_path, logs, restarted=False, **settings):
        given = {
            "runtime_dir": tmp_path,
            "capture_source": "given=demo",
            "capture_mode": "replay",
            "capture_at_end": "hold",
        }
        place = Place(load_settings(given | settings), identify("capture"), tmp_path / "state", restarted)
        self.capture = Capture(place)
        self.folder, self.logs = tmp_path, logs
        self.now = time.monotonic()
        self.answers = True
        self._unanswered = []
        self.passes_on = True
        """Whether the bus passes the capture's subscriptions on."""
        self.said = []
        self._known = set()
        for topic in ("faces/", *(f"{topic}/{name}/" for topic, name in zip(("frame", "crops"), WORKERS, strict=True))):
            self.subscribe(topic, joined=True)

    def subscribe(self, topic, *, joined):
        list(self.capture.handle_subscription(Subscription(joined, topic), self.now))

    def _follow(self):
        wanted = {*self.capture.topics(), *self.capture.further_topics(self.now)}
        for topic in wanted ^ self._known if self.passes_on else ():
            self.subscribe(topic, joined=topic in wanted)
        self._known = wanted if self.passes_on else self._known

    def hear(self, *messages, key=""):
        """The capture hears messages, all at once."""
        list(self.capture.handle([Envelope("", key, message) for message in messages], self.now))

    def control(self, source, opening, **further):
        """A request for a source; `opening` is a spec, an Opening, or None."""
        asked = Opening(spec=opening, **further) if isinstance(opening, str) else opening
        return Control(process="capture", source=source, opening=asked)

    def ask(self, source, opening, **further):
        self.hear(self.control(source, opening, **further))

    def turn(self, later=0.0):
        """One turn of its loop, `later` by so many seconds; what is sent is answered in the next one."""
        self.now += later
        self._follow()
        self.hear(*(status(name.split("-")[0], name=name) for name in WORKERS))
        said = [message for _, _, message in self.capture.tick(self.now)]
        self.said += said
        self._unanswered += [message for message in said if isinstance(message, m.Frame | m.Gone)]
        if self.answers:
            unanswered, self._unanswered = self._unanswered, []
            self.hear(*(one for message in unanswered for one in answers(message)))

    def until(self, condition, later=0.0):
        end = time.monotonic() + 10
        while not (met := condition()):
            assert time.monotonic() < end, self.rows()
            self.turn(later)
            time.sleep(0.001)
        return met

    def rows(self):
        """What it reports of its sources, by name."""
        return {row.source: row for row in self.capture.sources()}

    def state(self, source):
        row = self.rows().get(source)
        return row and row.state

    def reaches(self, source, state):
        self.until(lambda: self.state(source) == state)
        return self.rows()[source]

    def leaves(self, source):
        """Wait until nothing is reported of a source any more."""
        self.until(lambda: source not in self.rows(), later=0.5)

    def sent(self, source):
        """(seq, end, reason) of all that was said of a source's frames."""
        kinds = (m.Frame, m.Gone)
        return [(one.seq, one.end, getattr(one, "reason", None)) for one in self.said
                if isinstance(one, kinds) and one.source == source]  # fmt: skip

    def close(self):
        self.capture.close()


def answers(message):
    """What a detector and the smoother answer to a frame; to one that was given up, the smoother alone."""
    header, is_whole = message.header(), isinstance(message, m.Frame)
    further: dict[str, Any] = {"worker": WORKERS[0], "detect_ms": 1.0, "classify": False}
    found = [m.Faces(**header, faces=[], size=(2, 2), **further)] if is_whole else []
    size = (2, 2) if is_whole else None
    kind: dict[str, Any] = {"classified": False, "complete": is_whole, "repeat": False, "stages_ms": {}}
    return [*found, Smoothed(**header, faces=[], size=size, **kind)]


def lasting(sources, spec="film.mp4"):
    """A recording that gives no frame beyond its fifth until it is told to."""
    gate = threading.Semaphore(5)
    sources[spec] = MadeUp(1000, gate=gate)
    return gate
