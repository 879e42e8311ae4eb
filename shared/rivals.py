"""Processes that do what only one may do at a time, for as long as they are heard. Pure; time is an argument."""

from shared.members import STATUS_FRESH_S


class Rivals:
    """Who else does our work, and as what; forgotten when silent for STATUS_FRESH_S."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}

    def note(self, process: str, work: str, now: float) -> bool:
        """`process` was heard doing `work` (seconds `now`); True the first time, or after a silence."""
        rival = f"{work} by {process}"
        self._heard = {known: self._heard[known] for known in self.present(now)}
        is_new = rival not in self._heard
        self._heard[rival] = now
        return is_new

    def present(self, now: float) -> list[str]:
        """`<work> by <process>` of all that are still there."""
        return [rival for rival, at in self._heard.items() if now - at <= STATUS_FRESH_S]
