"""Which epoch a source is in, as its captures say in `status/`. Pure; time is an argument in seconds.

A later epoch is a newer run of a source, and whoever followed it would ignore all that comes of the one before. So that
one message with a wrong number cannot do that, an epoch counts only if a capture says that the source is in it; where
none says anything, the latest one heard does.
"""

from shared.members import STATUS_FRESH_S
from shared.status import Status

MOST_SOURCES = 256


class Epochs:
    """The epochs of all sources that captures have said lately."""

    def __init__(self) -> None:
        self._said: dict[str, dict[str, tuple[int, float]]] = {}
        """By source and process: the epoch, and when it was said."""

    def hear(self, status: Status, now: float) -> None:
        """Take note of what a process says of its sources."""
        if status.stage != "capture":
            return
        for source in status.sources:
            said = self._said.setdefault(source.source, {})
            said[status.process] = source.epoch, now
            for process in [process for process, (_, at) in said.items() if now - at > STATUS_FRESH_S]:
                del said[process]
        while len(self._said) > MOST_SOURCES:
            del self._said[min(self._said, key=self._last_said)]

    def is_said(self, source: str, epoch: int, now: float) -> bool:
        """Whether a capture says that the source is in this epoch."""
        return any(known == epoch for known in self._of(source, now))

    def follows(self, source: str, epoch: int, current: int, now: float, *, quiet: bool) -> bool:
        """Whether to go over from the `current` epoch to another one of which something was heard.

        To a later one that is said or that nobody contradicts; to an earlier one if it is said and the current is not.
        Where no capture says anything, to an earlier one if the current has been `quiet` for a while.
        """
        known = self._of(source, now)
        if epoch > current:
            return not known or epoch in known
        return (epoch in known and current not in known) or (quiet and not known)

    def _of(self, source: str, now: float) -> set[int]:
        said = self._said.get(source, {})
        return {epoch for epoch, at in said.values() if now - at <= STATUS_FRESH_S}

    def _last_said(self, source: str) -> float:
        return max((at for _, at in self._said[source].values()), default=0.0)
