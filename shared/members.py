"""Who of a stage is alive and how busy: work sharing over PUB/SUB. Pure; time is an argument in seconds.

The live subscriptions are the membership. A worker counts as live while it is subscribed and its status is fresh.
"""

from collections.abc import Collection, Hashable

STATUS_FRESH_S = 3.0


class Members:
    """The workers of one topic (`frame`, `crops`) as a sender sees them, and what each has of ours unfinished."""

    def __init__(self, topic: str, forget_s: float = 60.0):
        self._prefix = f"{topic}/"
        self._forget_s = forget_s
        self._beats: dict[str, float] = {}
        self._outstanding: dict[str, dict[Hashable, tuple[int, float]]] = {}

    def subscription(self, joined: bool, topic: str, now: float) -> str | None:
        """Take note of a subscription; returns the worker whose coming or going it was, else None."""
        worker = topic.removeprefix(self._prefix)
        if worker == topic or not worker.endswith("/") or worker.count("/") != 1 or worker == "/":
            return None  # another topic, or an observer of this one
        worker = worker[:-1]
        if joined:
            self._beats[worker] = now
            self._outstanding.setdefault(worker, {})
        else:
            self._beats.pop(worker, None)
            self._outstanding.pop(worker, None)
        return worker

    def beat(self, process: str, now: float) -> None:
        """A status of this process arrived."""
        if process in self._beats:
            self._beats[process] = now

    def subscribed(self) -> Collection[str]:
        """All workers that have not left, fresh or not."""
        return self._beats.keys()

    def live(self, now: float) -> list[str]:
        """The workers that would do work sent now."""
        return [worker for worker, beat in self._beats.items() if now - beat <= STATUS_FRESH_S]

    def pick(self, now: float, avoid: Collection[str] = ()) -> str | None:
        """The live worker with the least of ours outstanding, one not in `avoid` if there is any; None without one."""
        live = self.live(now)
        choice = [worker for worker in live if worker not in avoid] or live
        return min(choice, key=lambda worker: (self._load(worker), worker), default=None)

    def sent(self, worker: str, what: Hashable, now: float, load: int = 1) -> None:
        """`worker` got a message of ours that costs about `load`."""
        held = self._outstanding.setdefault(worker, {})
        for old in [key for key, (_, at) in held.items() if now - at > self._forget_s]:
            del held[old]
        held[what] = (load, now)

    def done(self, what: Hashable, worker: str | None = None) -> None:
        """`worker`, or whoever had it, has finished with `what`."""
        for name in (worker,) if worker is not None else tuple(self._outstanding):
            self._outstanding.get(name, {}).pop(what, None)

    def _load(self, worker: str) -> int:
        return sum(load for load, _ in self._outstanding.get(worker, {}).values())
