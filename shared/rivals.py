"""Other processes that do exclusive work of ours at the same time. Pure; time is an argument in seconds."""

from shared.members import STATUS_FRESH_S


class Rivals:
    """Who else does our work; forgotten after a silence of STATUS_FRESH_S."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}

    def note(self, process: str, work: str, now: float) -> bool:
        """`process` was seen doing `work`; True the first time, or after a silence."""
        rival = f"{work} by {process}"
        self._heard = {known: self._heard[known] for known in self.present(now)}
        is_new = rival not in self._heard
        self._heard[rival] = now
        return is_new

    def present(self, now: float) -> list[str]:
        """`<work> by <process>` for each rival still active."""
        return [rival for rival, at in self._heard.items() if now - at <= STATUS_FRESH_S]
