"""Which epoch a source is in, as its captures report in `status/`. Pure; time is an argument in seconds.

A later epoch is a newer run of a source and supersedes the earlier ones. A single message with a wrong epoch must not
do so: an epoch counts only if a capture reports it; if no capture reports any, the latest one seen counts.
"""

from shared.members import STATUS_FRESH_S
from shared.status import Status

MOST_SOURCES = 256


class Epochs:
    """The epochs that captures have recently reported."""

    def __init__(self) -> None:
        self._said: dict[str, dict[str, tuple[int, float]]] = {}  # by source and process: epoch, when reported

    def hear(self, status: Status, now: float) -> None:
        """Record the epochs in a process's status."""
        if status.stage != "capture":
            return
        for source in status.sources:
            if source.state == "refused":
                continue
            said = self._said.setdefault(source.source, {})
            said[status.process] = source.epoch, now
            for process in [process for process, (_, at) in said.items() if now - at > STATUS_FRESH_S]:
                del said[process]
        while len(self._said) > MOST_SOURCES:
            del self._said[min(self._said, key=self._last_said)]

    def is_said(self, source: str, epoch: int, now: float) -> bool:
        """Whether a capture reports the source to be in this epoch."""
        return epoch in self._of(source, now)

    def follows(self, source: str, epoch: int, current: int, now: float, *, quiet: bool) -> bool:
        """Whether to switch from the `current` epoch to another one that was seen in a message.

        To a later one if it is reported or no capture reports any; to an earlier one if it is reported and `current`
        is not, or if no capture reports any and `current` has been `quiet` for a while.
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
