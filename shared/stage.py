"""What a stage is: it turns messages into messages. `loop.py` gives it sockets, time and a pulse."""

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
    """What a stage is built with. `restarted`: it crashed and takes up what `state_dir` holds."""

    settings: Settings
    identity: Identity
    state_dir: Path
    restarted: bool = False


class Stage:
    """What `run` runs. Override what the stage needs; `now` is monotonic seconds."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.state: str = "ready"
        self.error: str | None = None
        self.detail = ""
        self.finished = False
        """Set to leave the loop with exit code 0."""
        self.news = False
        """Set when others should know the status before they get what is said next."""
        self.fds: tuple[int, ...] = ()
        """File descriptors that wake the loop when readable."""

    def topics(self) -> Sequence[str]:
        """The topic prefixes to subscribe to, now that the stage is warm."""
        return ()

    def further_topics(self, now: float) -> frozenset[str]:
        """Further topic prefixes to subscribe to for as long as they are in this set."""
        return frozenset()

    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        """Answer what arrived, oldest first; each answer is sent as soon as it is yielded."""
        return ()

    def has_work(self) -> bool:
        """Whether `work` has something to do."""
        return False

    def work(self, now: float) -> Iterable[Envelope]:
        """Do one piece of what `handle` has put aside, and answer it.

        A piece may take seconds; between two, all that has arrived meanwhile is given to `handle`.
        """
        return ()

    def unfinished(self) -> dict[str, int] | None:
        """How many messages of each source wait for `work`; None for a stage that is no worker."""
        return None

    def handle_subscription(self, event: Subscription, now: float) -> Iterable[Envelope]:
        """Somebody began or ended hearing what this process says."""
        return ()

    def tick(self, now: float) -> Iterable[Envelope]:
        """Called once a turn of the loop, for what time alone brings about."""
        return ()

    def wake_in(self, now: float) -> float:
        """Seconds until `tick` is needed if nothing arrives."""
        return BEAT_S

    def sources(self) -> list[SourceStatus]:
        """The sources to report, for a capture."""
        return []

    def healthy(self, now: float) -> bool:
        """Whether the loop's turning proves that the work is done."""
        return True

    def stop(self, now: float) -> Iterable[Envelope]:
        """Last words, on SIGTERM or when finished."""
        return ()

    def close(self) -> None:
        """Release everything."""
