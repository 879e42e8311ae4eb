"""Which pictures a viewer is sent when. Pure; time in seconds."""

from collections.abc import Collection

_TILES_PER_S = 30.0
"""Pictures of all tiles together, ..."""
_LEAST_PER_S = 2.0
"""... but of each at least so many."""
_EARLY = 0.9
"""Pictures come in steps, so one is due a little early rather than a whole step late."""


class Budget:
    """One viewer's share: the focused source, or the only one, as often as it comes; the others by turns."""

    def __init__(self) -> None:
        self._sent: dict[str, tuple[float, tuple[int, int]]] = {}

    def due(self, fresh: dict[str, tuple[int, int]], focus: str | None, now: float) -> list[str]:
        """The sources of which to send the picture now.

        Args:
            fresh: the (epoch, seq) of each source's newest picture.
            focus: the source that the viewer looks at.
            now: seconds.
        """
        apart_s = _EARLY / max(_LEAST_PER_S, _TILES_PER_S / max(1, len(fresh)))
        due = []
        for source, frame in fresh.items():
            at, last = self._sent.get(source, (float("-inf"), None))
            whole = source == focus or len(fresh) == 1
            if frame != last and (whole or now - at >= apart_s):
                due.append(source)
        return due

    def sent(self, source: str, frame: tuple[int, int], now: float) -> None:
        """A picture has been sent."""
        self._sent[source] = (now, frame)

    def forget(self, listed: Collection[str]) -> None:
        """Keep only these sources."""
        for source in self._sent.keys() - set(listed):
            del self._sent[source]
