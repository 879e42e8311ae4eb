"""A dashboard that serves made-up messages, and what tests do to its page."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board
from dashboard.privacy import Pictures
from dashboard.server import Server, bind, url_of
from dashboard.wishes import Wishes
from shared.identity import identify
from shared.settings import load_settings
from shared.stage import Place
from shared.stages import NEEDED
from shared.status import Latency
from tests.browser.chromium import Chromium
from tests.dashboard.made import preview, result, source_status, status

WALL_SIZE = (1280, 800)
LIVE = "document.getElementById('connection').textContent === 'live'"
OVER = "document.querySelector('.over:not([hidden])')?.textContent"
BARS = """[...document.querySelectorAll('.face[data-track="{}"] .bar')]
    .map((bar) => [bar.getAttribute('aria-label'), +bar.getAttribute('aria-valuenow')])"""
UNSMOOTHED = "import('/static/settings.js').then(({ change }) => change({ smoothing: 0 }))"
_KEYS = {"Enter": (13, "\r"), "Escape": (27, ""), "ArrowLeft": (37, ""), "End": (35, "")}


def jpeg(seq: int, size: tuple[int, int] = (320, 240)) -> bytes:
    """A frame that carries its number in its colour: blue up to 5, then red."""
    width, height = size
    pixels = np.full((height, width, 3), (200, 30, 30) if seq <= 5 else (30, 30, 200), np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


class Show:
    """A dashboard that serves; `tell` feeds it, and only then does its time pass, by `step_s`."""

    def __init__(self, folder: Path, allowed: Pictures = "shown"):
        self.board = Board(allowed)
        self.now, self.step_s = 100.0, 0.1
        place = Place(load_settings({"runtime_dir": folder}), identify("dashboard"), folder)
        self.wishes = Wishes(place, self.board, lambda: self.now)
        self.start(0)

    def start(self, port: int, token: str = "") -> None:
        listener = bind("127.0.0.1", port)
        self.url = url_of(listener)
        app = create_app(self.board, Access(token=token), lambda: self.now, routers=self.wishes.routers)
        self.server = Server(app, listener)
        self.server.start()

    def restart(self, token: str = "") -> None:
        self.server.stop()
        self.start(int(self.url.rsplit(":", 1)[1]), token)

    def close(self) -> None:
        self.server.stop()
        self.wishes.close()

    def tell(self, *messages) -> None:
        self.now += self.step_s
        self.board.hear(messages, self.now)

    def frame(self, seq: int, *faces, source: str = "cam0", epoch: int = 1) -> None:
        self.tell(preview(seq, source, epoch, jpeg=jpeg(seq)), result(seq, source, epoch, faces=faces))

    def pipeline(self, *sources, error: str | None = None, **states: str) -> None:
        """Every stage says its status; `sources` are those of the capture."""
        listed = list(sources) or [source_status(error=error)]
        capture: dict[str, Any] = {"sources": listed, "counters": {"skipped": 1234}}
        capture |= {"latency_ms": Latency(p50=41, p95=87)}
        for stage in NEEDED:
            further = capture if stage == "capture" else {}
            self.tell(status(stage, state=states.get(stage, "ready"), **further))


def press(page: Chromium, key: str) -> None:
    """A key of the keyboard, down and up."""
    code, text = _KEYS[key]
    for kind in ("keyDown", "keyUp"):
        further = {"text": text} if text and kind == "keyDown" else {}
        page.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **further)


def scheme(page: Chromium, name: str) -> None:
    """The colour scheme of the system."""
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])
