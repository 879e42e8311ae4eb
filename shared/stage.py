"""A stage turns messages into messages; `loop.py` gives it sockets, time and a heartbeat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.bus import Subscription
from shared.identity import Identity
from shared.meter import Meter
from shared.settings import Settings
from shared.status import SourceStatus
from shared.topics import Envelope

BEAT_S = 1.0


@dataclass(frozen=True)
class Place:
    """What a stage is built with. `restarted`: it crashed and resumes from `state_dir`."""

    settings: Settings
    identity: Identity
    state_dir: Path
    restarted: bool = False


class Stage:
    """Base of all stages. Override what the stage needs; `now` is monotonic seconds."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.state: str = "ready"
        self.error: str | None = None
        self.detail = ""
        self.finished = False
        """Set to leave the loop with exit code 0."""
        self.news = False
        """Set to publish the status before the next message."""
        self.fds: tuple[int, ...] = ()
        """File descriptors that wake the loop when readable."""

    def topics(self) -> Sequence[str]:
        """The topic prefixes to subscribe to once the stage is built."""
        return ()

    def further_topics(self, now: float) -> frozenset[str]:
        """Further topic prefixes, subscribed to while they are in this set."""
        return frozenset()

    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        """Process received messages, oldest first; each answer is sent as soon as it is yielded."""
        return ()

    def has_work(self) -> bool:
        """Whether to call `work`."""
        return False

    def work(self, now: float) -> Iterable[Envelope]:
        """Do one piece of the work that `handle` queued. It may take seconds; `handle` gets new messages in between."""
        return ()

    def unfinished(self) -> dict[str, int] | None:
        """The messages queued for `work`, by source; None for a stage that is not a worker."""
        return None

    def handle_subscription(self, event: Subscription, now: float) -> Iterable[Envelope]:
        """A peer subscribed to this process's messages or unsubscribed."""
        return ()

    def tick(self, now: float) -> Iterable[Envelope]:
        """Called once per turn of the loop, for timers."""
        return ()

    def wake_in(self, now: float) -> float:
        """Seconds until `tick` is needed if nothing arrives."""
        return BEAT_S

    def sources(self) -> list[SourceStatus]:
        """The sources to report; a capture's only."""
        return []

    def healthy(self, now: float) -> bool:
        """Whether to send heartbeats to the supervisor."""
        return True

    def stop(self, now: float) -> Iterable[Envelope]:
        """The last messages, on SIGTERM or when finished."""
        return ()

    def close(self) -> None:
        """Release all resources."""
