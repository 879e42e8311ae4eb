"""Puts the results of one epoch in order, each once. Pure."""

from shared.results import Smoothed


class InOrder:
    """Releases each result after the one before it (`prev`); `last` is the last one released earlier.

    Results are repeated until they are acknowledged. So one that is missing is waited for, unless the capture says that
    it has been acknowledged (`acked`): then it never comes again.
    """

    def __init__(self, last: int | None = None):
        self.last = last
        self.lost = 0
        """How many times results were missing for good, after the first result."""
        self._acked = -1
        self._waiting: dict[int, Smoothed] = {}

    def push(self, result: Smoothed) -> list[Smoothed]:
        """Take one result; returns those that are due now."""
        if self._is_over(result.seq):
            return []
        self._waiting.setdefault(result.seq, result)
        self._acked = max(self._acked, -1 if result.acked is None else result.acked)
        due = []
        while (first := self._waiting.get(min(self._waiting, default=-1))) and self._is_next(first):
            due.append(self._waiting.pop(first.seq))
            self.last = first.seq
        return due

    def _is_next(self, result: Smoothed) -> bool:
        if result.prev is None or self._is_over(result.prev):
            return True
        if result.prev <= self._acked:
            self.lost += self.last is not None
            return True
        return False

    def _is_over(self, seq: int) -> bool:
        return self.last is not None and seq <= self.last
