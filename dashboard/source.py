"""What has been heard of one source, in bounded memory. No clock.

A picture is shown only with its own frame's result: the two are joined by (epoch, seq), in either order.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import msgspec

from dashboard.condition import Condition, condition_of, is_lost
from dashboard.history import History
from dashboard.rates import Rate
from dashboard.waits import Overdue
from dashboard.words import faces_words, words_of
from shared import messages as m
from shared.results import Smoothed
from shared.status import SourceStatus

MOST_UNJOINED = 64
"""Limit of previews, and of results, of one source that wait for their counterpart."""
MOST_JOINED = 32
"""Limit of pictures that wait until all faces in them are known."""
_MOST_BOXES = 1024
"""Limit of results whose faces are remembered for blurring: the two seconds that it takes, at 500 frames per second."""
_MISSED_S = 1.0
"""A face that is missed in a frame is where it was this long before, ..."""
_MOST_UNSEEN_S = 1.0
"""... and a new one may have been there since the last search of the whole frame, or at most for this long."""
_HOLD_FPS_S = 10.0
"""A source's frame rate is remembered for this long while its capture measures it anew."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Picture(NamedTuple):
    """A frame to show: its JPEG and the result of that very frame.

    `faces` is every place where a face may be in it, in pixels of the frame; None while that is unknown.
    """

    jpeg: bytes
    result: Smoothed
    faces: list[m.Box] | None = None


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A source as last reported by its capture, and its newest result.

    `state` is the capture's, or `silent` if no capture has reported the source for 3 s. `words` say the same and what
    is wrong, for a tile; `condition` says it at length. `fps` counts the frames read per second, `results_per_s` the
    results; neither begins anew when a film does. `faces_words` is nil where faces are listed. `status` is the whole
    report of the capture. `overdue_s` says for how long complete results, emotions of faces, or frames have been due,
    `lost` that nothing comes from a source that is to deliver.
    """

    source: str
    spec: str
    capture: str | None
    state: str
    words: str
    condition: Condition
    live: bool
    added: bool
    fps: float
    results_per_s: float
    unfinished: int
    window: int
    age_ms: float | None
    faces_words: str | None
    result: Smoothed | None
    status: SourceStatus | None
    overdue_s: dict[str, float]
    lost: bool


class Reported(NamedTuple):
    """The last report on a source, and how long ago the process that made it was heard."""

    capture: str
    status: SourceStatus
    heard_s_ago: float
    silent: bool


class Source:
    """What has been heard of one source; see the module."""

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.heard_at = now
        """When its newest result came."""
        self.newest: Smoothed | None = None
        self.total = 0
        self.history = History()
        self._seen: Smoothed | None = None  # the newest result of a frame that was looked at
        self._rate = Rate()
        self._overdue = Overdue()
        self._state, self._state_since = "", now
        self._fps, self._fps_at = 0.0, float("-inf")
        self._previews: dict[tuple[int, int], m.Preview] = {}
        self._results: dict[tuple[int, int], Smoothed] = {}
        self._joined: deque[Picture] = deque(maxlen=MOST_JOINED)
        self._unseen_s = _MOST_UNSEEN_S
        self._boxes: deque[tuple[int, float, list[m.Box]]] = deque(maxlen=_MOST_BOXES)

    def expect(self, status: SourceStatus, now: float) -> None:
        """Take in its capture's report."""
        self._overdue.expect(status, now)
        if status.state != self._state:
            self._state, self._state_since = status.state, now
        self._unseen_s = min(status.scan_s, _MOST_UNSEEN_S)
        if status.fps > 0:
            self._fps, self._fps_at = status.fps, now

    def take(self, result: Smoothed, now: float) -> None:
        """Take in its newest result."""
        if self.newest is not None and self.newest.epoch != result.epoch:
            for waiting in (self._previews, self._results):
                for other in [key for key in waiting if key[0] != result.epoch]:
                    del waiting[other]
        self.newest = result
        if result.size:
            self._seen = result
            self._boxes.append((result.epoch, result.pts, _covered(result, result.size)))
            self.history.add(result)
        self.heard_at = now
        self.total += 1
        self._rate.add(now)
        self._overdue.take(result, now)
        _keep(self._results, (result.epoch, result.seq), result)

    def preview(self, preview: m.Preview) -> None:
        """Take in a frame's JPEG."""
        _keep(self._previews, (preview.epoch, preview.seq), preview)

    def join(self, frame: tuple[int, int]) -> bool:
        """Show this frame if both its parts have arrived; returns whether they have."""
        if frame not in self._previews or frame not in self._results:
            return False
        self._joined.append(Picture(self._previews[frame].jpeg, self._results[frame]))
        for waiting in (self._previews, self._results):
            for older in [key for key in waiting if key <= frame]:
                del waiting[older]
        return True

    def forget_pictures(self) -> None:
        """Drop all images."""
        self._joined.clear()
        self._previews.clear()

    @property
    def picture(self) -> Picture | None:
        """The newest one."""
        return self._joined[-1] if self._joined else None

    def veilable(self, now: float) -> Picture | None:
        """The newest picture of which all faces are known; None if there is none.

        A face that comes in is found when the whole frame is searched, so a picture waits until it has been.
        """
        newest = self.newest
        for picture in reversed(self._joined):
            result = picture.result
            if (
                result.size
                and newest
                and (
                    newest.epoch != result.epoch
                    or newest.pts - result.pts >= self._unseen_s
                    or now - self.heard_at >= self._unseen_s
                )
            ):
                return picture._replace(faces=self._faces_around(result)) if self._remembers(result) else None
        return None

    def view(self, reported: Reported | None, missing: Mapping[str, str], now: float) -> SourceView:
        """The source at this moment; `reported`: None if no capture lists it."""
        silent = reported is None or reported.silent
        status = reported.status if reported else None
        heard = None if silent else status
        waits = self._overdue.at(now)
        condition = condition_of(heard, missing, waits)
        since_s = now - self._state_since if heard else reported.heard_s_ago if reported else now - self.heard_at
        overdue = {"results": waits.results, "emotions": waits.emotions, "frames": waits.frames}
        return SourceView(
            source=self.name,
            spec=status.spec if status else "",
            capture=reported.capture if reported else None,
            state=heard.state if heard else "silent",
            words=words_of(heard, since_s, waits, missing, condition),
            condition=condition,
            live=status.live if status else False,
            added=status.added if status else False,
            fps=self._frames_per_s(heard, now),
            results_per_s=self._rate.per_s(now),
            unfinished=status.unfinished if status else 0,
            window=status.window if status else 0,
            age_ms=status.age_ms if status else None,
            faces_words=faces_words(self._seen),
            result=self.newest,
            status=status,
            overdue_s={what: s for what, s in overdue.items() if s is not None} if heard else {},
            lost=is_lost(heard, condition, waits),
        )

    def _remembers(self, result: Smoothed) -> bool:
        """Whether the faces around a frame are all still known, as far back as they matter."""
        since = (result.epoch, result.pts - _MISSED_S)
        return len(self._boxes) < _MOST_BOXES or self._boxes[0][:2] <= since

    def _faces_around(self, result: Smoothed) -> list[m.Box]:
        """The faces of the frame, of those before it, and of those until the whole frame has been searched."""
        return [
            box
            for epoch, pts, boxes in self._boxes
            if epoch == result.epoch and -_MISSED_S <= pts - result.pts <= self._unseen_s
            for box in boxes
        ]

    def _frames_per_s(self, status: SourceStatus | None, now: float) -> float:
        """As reported, or as before while the capture cannot know it yet; never less than there are results."""
        if status is None:
            return 0.0
        remembered = self._fps if now - self._fps_at <= _HOLD_FPS_S and status.state == "running" else 0.0
        return max(status.fps or remembered, self._rate.per_s(now))


def _covered(result: Smoothed, size: tuple[int, int]) -> list[m.Box]:
    """Where faces are: everywhere, if more were found than are listed."""
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    return [whole] if result.left_out else [face.xyxy for face in result.faces]


def _keep(waiting: dict[tuple[int, int], _Value], frame: tuple[int, int], message: _Value) -> None:
    waiting[frame] = message
    limit(waiting, MOST_UNJOINED)


def limit(known: dict[_Key, _Value], most: int) -> None:
    """Drop the oldest entries above `most`."""
    while len(known) > most:
        del known[next(iter(known))]
