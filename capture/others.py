"""What other captures report of the listed sources: which they have ended, and which of ours they host, too. Pure."""

from collections.abc import Collection

from shared.rivals import Rivals
from shared.status import Status

_FAR_MS = 366 * 86_400_000  # an epoch further ahead is a mistake, not to be outdone: no clock is that wrong


class Others:
    """The other captures, known from their statuses."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        """Sources that another capture has read to their end."""
        self._epochs: dict[str, int] = {}  # the latest epoch another capture had of a source of ours
        self._rivals = Rivals()

    def heard(self, status: Status, ours: Collection[str], now: float, now_ns: int) -> list[str]:
        """Record another process's status (`now` in seconds); returns sources of ours newly found in it."""
        found = []
        for source in status.sources:
            if source.source in ours:
                if source.epoch < now_ns // 1_000_000 + _FAR_MS:
                    self._epochs[source.source] = max(source.epoch, self._epochs.get(source.source, 0))
                if self._rivals.note(status.process, f"source {source.source!r}", now):
                    found.append(source.source)
            if source.state == "ended":
                self.ended.add(source.source)
        return found

    def present(self, now: float) -> list[str]:
        """`source 'NAME' by PROCESS` for each capture that still hosts one of ours."""
        return self._rivals.present(now)

    def take_epochs(self) -> list[tuple[str, int]]:
        """Remove and return the latest epoch that others had of each source of ours."""
        epochs, self._epochs = list(self._epochs.items()), {}
        return epochs
