"""What viewers ask of the pipeline beyond watching: sources, their own cameras, uploads, recordings."""

from collections.abc import Callable, Iterable, Mapping

from fastapi import APIRouter
from msgspec.structs import replace

from dashboard import browser_camera, opening, recordings, uploading
from dashboard.board import Board
from dashboard.browser_camera import Cameras
from dashboard.condition import Condition
from dashboard.opened import Opened
from dashboard.outbox import Outbox
from dashboard.recordings import Recordings
from dashboard.uploading import Reception
from dashboard.uploads import Uploads
from shared import messages as m
from shared.results import Smoothed
from shared.stage import Place
from shared.status import SourceStatus, Status
from shared.topics import Envelope

_EVERY_S = 0.2


class Wishes:
    """Between the routes, which the web server's threads run, and the stage's loop."""

    def __init__(self, place: Place, board: Board, clock: Callable[[], float]):
        def condition_of(source: str) -> Condition | None:
            views = board.read(clock()).sources
            return next((view.condition for view in views if view.source == source), None)

        settings = place.settings
        folder = settings.runtime_dir.absolute() / "dashboard"
        self._outbox = Outbox()
        self._opened = Opened(place.identity.host)
        self._uploads = Uploads(
            folder, place.identity.process, self._opened, settings.dashboard_upload_hours * 3600, clock()
        )
        self._cameras = Cameras(self._opened, self._outbox, clock, condition_of)
        shown = board.allowed == "shown"
        self._recordings = Recordings(
            settings.dashboard_recordings, self._uploads.folder, self._opened, faces_shown=shown
        )
        reception = Reception(
            uploads=self._uploads,
            most_mb=settings.dashboard_upload_mb,
            films_shown=shown,
            confident=settings.detect_confidence,
            clock=clock,
        )
        self._next = 0.0
        self.routers: tuple[APIRouter, ...] = (
            opening.routes(self._opened, settings.dashboard_media, clock),
            browser_camera.routes(self._cameras, settings.detect_confidence),
            uploading.routes(reception),
            recordings.routes(self._recordings, clock),
        )

    @property
    def fds(self) -> tuple[int, ...]:
        """Readable when there is something to publish."""
        return (self._outbox.fd,)

    def hear(self, messages: Iterable[m.Message], now: float) -> list[m.Message]:
        """Take messages in; returns them, with what viewers brought along called as these call it."""
        names = self._cameras.names() | self._uploads.names()
        heard: list[m.Message] = []
        for message in messages:
            if isinstance(message, Status):
                self._opened.hear(message, now)
                heard.append(_renamed(message, names))
                continue
            if isinstance(message, Smoothed):
                self._cameras.hear(message)
                self._uploads.hear(message)
            heard.append(message)
        return heard

    def tick(self, now: float) -> list[Envelope]:
        """What is to be published."""
        said = self._outbox.empty()
        if now >= self._next:
            self._next = now + _EVERY_S
            self._uploads.tick(now)
            self._recordings.tick()
            said += [Envelope("control", control.process, control) for control in self._opened.due(now)]
        return said

    def wake_in(self, now: float) -> float:
        """Seconds until `tick` is needed."""
        return max(0.0, self._next - now)

    def stop(self, now: float) -> list[Envelope]:
        """What is to be published last: whatever was opened here is closed."""
        self._opened.close_all(now)
        return [Envelope("control", control.process, control) for control in self._opened.due(now)]

    def close(self) -> None:
        """End the recorders, delete the uploads."""
        self._recordings.close()
        self._uploads.close()
        self._outbox.close()


def _renamed(status: Status, names: Mapping[str, str]) -> Status:
    """The status with its sources' specs replaced by names; a path in our folder tells a viewer nothing."""
    if not any(source.source in names for source in status.sources):
        return status
    return replace(status, sources=[_called(source, names.get(source.source)) for source in status.sources])


def _called(source: SourceStatus, name: str | None) -> SourceStatus:
    if name is None:
        return source
    return replace(source, spec=name, error=source.error and source.error.replace(source.spec, name))
