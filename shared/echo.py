"""Whether the bus carries what this process says: it hears its own status, or it does not. Pure; time in seconds."""

PATIENCE_S = 3.0


class Echo:
    """Connected once a status of ours has come back, until one has not for PATIENCE_S.

    What has been heard is to be told before `check`: a process that was busy has its echoes waiting.
    """

    def __init__(self) -> None:
        self.connected = False
        self._was_connected = False
        self._unheard_since: float | None = None
        self._told: bool | None = None
        """What `check` last made known."""

    @property
    def state(self) -> str:
        """What a process without a bus is."""
        return "reconnecting" if self._was_connected else "starting"

    def said(self, now: float) -> None:
        """A status went out."""
        if self._unheard_since is None:
            self._unheard_since = now

    def heard(self) -> None:
        """One came back."""
        self._unheard_since = None
        self.connected = self._was_connected = True

    def check(self, now: float) -> bool:
        """Find out whether we are connected; True when that is news."""
        if self._unheard_since is not None and now - self._unheard_since > PATIENCE_S:
            self.connected = False
        elif not self.connected:
            return False  # not yet known
        is_news = self._told is not self.connected
        self._told = self.connected
        return is_news
