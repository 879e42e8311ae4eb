"""What other captures report: which sources they host, which of ours among them, and which they have ended. Pure."""

from collections.abc import Collection

from shared.rivals import Rivals
from shared.status import Status

_BEATING_S = 2.0  # a status of an earlier one may be that of a capture that was killed since
_FAR_MS = 366 * 86_400_000  # an epoch further ahead is a mistake, not to be outdone: no clock is that wrong


class Others:
    """The other captures, known from their statuses."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        """Sources that another capture has read to their end."""
        self._epochs: dict[str, int] = {}  # the latest epoch another capture had of a source of ours
        self._hosts: dict[str, tuple[str, float]] = {}  # who hosts a source, and when that was heard
        self._rivals = Rivals()

    def heard(self, status: Status, ours: Collection[str], now: float, now_ns: int) -> list[str]:
        """Record another process's status (`now` in seconds); returns sources of ours newly found in it."""
        found = []
        self._hosts = {name: (process, at) for name, (process, at) in self._hosts.items() if process != status.process}
        for source in status.sources:
            if source.state == "refused":
                continue
            self._hosts[source.source] = status.process, now
            if source.source in ours:
                if source.epoch < now_ns // 1_000_000 + _FAR_MS:
                    self._epochs[source.source] = max(source.epoch, self._epochs.get(source.source, 0))
                if self._rivals.note(status.process, f"source {source.source!r}", now):
                    found.append(source.source)
            if source.state == "ended" and not source.added:
                self.ended.add(source.source)
        return found

    def host_of(self, source: str, now: float) -> str | None:
        """The process that hosts a source, as it has said within the last two seconds."""
        process, at = self._hosts.get(source, (None, float("-inf")))
        return process if now - at <= _BEATING_S else None

    def present(self, now: float) -> list[str]:
        """`source 'NAME' by PROCESS` for each capture that still hosts one of ours."""
        return self._rivals.present(now)

    def take_epochs(self) -> list[tuple[str, int]]:
        """Remove and return the latest epoch that others had of each source of ours."""
        epochs, self._epochs = list(self._epochs.items()), {}
        return epochs
