"""Whether this process is connected to the bus: it receives its own status back. Pure; time in seconds."""

PATIENCE_S = 3.0


class Echo:
    """Connected once a status of ours has come back, until one has been overdue for PATIENCE_S.

    Report received echoes before `check`: those of a busy process are still queued.
    """

    def __init__(self) -> None:
        self.connected = False
        self._was_connected = False
        self._unheard_since: float | None = None
        self._told: bool | None = None  # what `check` last reported

    @property
    def state(self) -> str:
        """The state to report while not connected."""
        return "reconnecting" if self._was_connected else "starting"

    def said(self, now: float) -> None:
        """A status was sent."""
        if self._unheard_since is None:
            self._unheard_since = now

    def heard(self) -> None:
        """One came back."""
        self._unheard_since = None
        self.connected = self._was_connected = True

    def check(self, now: float) -> bool:
        """Update `connected`; returns whether it has changed since last reported."""
        if self._unheard_since is not None and now - self._unheard_since > PATIENCE_S:
            self.connected = False
        elif not self.connected:
            return False  # not yet known
        before, self._told = self._told, self.connected
        return before is not self.connected
