"""Who of a stage is alive, how busy and how fast: work sharing over PUB/SUB. Pure; time is an argument in seconds.

The live subscriptions are the membership. A worker counts as live while it is subscribed and its status is fresh. Work
goes where it is expected to be finished first, so that a slow worker gets as much less as it is slower.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field

STATUS_FRESH_S = 3.0
_MEMORY = 0.8
"""Weight of the past in the running mean of a worker's cost."""


@dataclass
class _Worker:
    beat: float
    outstanding: dict[Hashable, tuple[int, float]] = field(default_factory=dict)
    """Load of each message of ours that it has not finished, and when it was sent."""
    cost_s: float | None = None
    """Running mean of its seconds per unit of load."""
    finished_at: float = 0.0

    def load(self) -> int:
        return sum(load for load, _ in self.outstanding.values())

    def finish(self, what: Hashable, now: float) -> None:
        """What it took moves the running cost; a message that is not ours any more says nothing."""
        load, sent_at = self.outstanding.pop(what, (0, 0.0))
        if load:
            cost_s = (now - max(sent_at, self.finished_at)) / load  # before that it was busy with something else
            self.cost_s = cost_s if self.cost_s is None else _MEMORY * self.cost_s + (1 - _MEMORY) * cost_s
            self.finished_at = now


class Members:
    """The workers of one topic (`frame`, `crops`) as a sender sees them, and what each has of ours unfinished."""

    def __init__(self, topic: str, forget_s: float = 60.0):
        self._prefix = f"{topic}/"
        self._forget_s = forget_s
        self._workers: dict[str, _Worker] = {}

    def subscription(self, joined: bool, topic: str, now: float) -> str | None:
        """Take note of a subscription; returns the worker whose coming or going it was, else None."""
        worker = topic.removeprefix(self._prefix)
        if worker == topic or not worker.endswith("/") or worker.count("/") != 1 or worker == "/":
            return None  # another topic, or an observer of this one
        worker = worker[:-1]
        if not joined:
            self._workers.pop(worker, None)
        elif worker in self._workers:
            self._workers[worker].beat = now
        else:
            self._workers[worker] = _Worker(now)
        return worker

    def beat(self, process: str, now: float) -> None:
        """A status of this process arrived."""
        if process in self._workers:
            self._workers[process].beat = now

    def subscribed(self) -> Collection[str]:
        """All workers that have not left, fresh or not."""
        return self._workers.keys()

    def live(self, now: float) -> list[str]:
        """The workers that would do work sent now."""
        return [name for name, worker in self._workers.items() if now - worker.beat <= STATUS_FRESH_S]

    def pick(self, now: float, avoid: Collection[str] = ()) -> str | None:
        """The live worker expected to finish one more first, one not in `avoid` if there is any; None without one.

        One that has not finished anything yet is taken to be as fast as the fastest.
        """
        live = self.live(now)
        choice = [name for name in live if name not in avoid] or live
        fastest = min((worker.cost_s for worker in self._workers.values() if worker.cost_s is not None), default=1.0)

        def finish(name: str) -> tuple[float, str]:
            worker = self._workers[name]
            return (worker.load() + 1) * (fastest if worker.cost_s is None else worker.cost_s), name

        return min(choice, key=finish, default=None)

    def sent(self, name: str, what: Hashable, now: float, load: int = 1) -> None:
        """Worker `name` got a message of ours that costs about `load`."""
        if (worker := self._workers.get(name)) is not None:
            held = worker.outstanding
            for old in [key for key, (_, at) in held.items() if now - at > self._forget_s]:
                del held[old]
            held[what] = (load, now)

    def done(self, what: Hashable, name: str, now: float) -> None:
        """Worker `name` has finished with `what`."""
        if (worker := self._workers.get(name)) is not None:
            worker.finish(what, now)
