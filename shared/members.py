"""Who of a stage is alive, how busy and how fast: work sharing over PUB/SUB. Pure; time is an argument in seconds.

The live subscriptions are the membership. A worker counts as live while it is subscribed and its status is fresh. Work
goes where it is expected to be finished first, so that a worker five times slower gets a fifth of it; and to nobody who
has enough of it already, so that no queue grows when all are slow.
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field

STATUS_FRESH_S = 3.0
_MEMORY = 0.8
"""Weight of the past in the running mean of a worker's cost."""
_ON_ITS_WAY_S = 1.5
"""Older work that a worker's status does not know of has been lost on its way."""


@dataclass
class _Work:
    """One message of ours that a worker has not finished."""

    load: int
    sent_at: float


@dataclass
class _Worker:
    beat: float
    outstanding: dict[Hashable, _Work] = field(default_factory=dict)
    cost_s: float | None = None
    """Running mean of its seconds per unit of load."""
    message_s: float = 0.0
    """The same per message."""
    finished_at: float = 0.0

    def load(self) -> int:
        return sum(work.load for work in self.outstanding.values())

    def finish(self, what: Hashable, now: float) -> None:
        """What it took moves the running cost; a message that is not ours any more says nothing."""
        work = self.outstanding.pop(what, None)
        if work is None:
            return
        took_s = now - max(work.sent_at, self.finished_at)  # before that it was busy with something else
        past = 0.0 if self.cost_s is None else _MEMORY
        self.cost_s = past * (self.cost_s or 0.0) + (1 - past) * took_s / work.load
        self.message_s = past * self.message_s + (1 - past) * took_s
        self.finished_at = now
        self._forget([key for key, other in self.outstanding.items() if other.sent_at < work.sent_at])

    def lose(self, older_than: float) -> None:
        """What was sent before then never arrived, or its answer did not."""
        self._forget([key for key, work in self.outstanding.items() if work.sent_at < older_than])

    def _forget(self, keys: Collection[Hashable]) -> None:
        for key in keys:
            del self.outstanding[key]


class Members:
    """The workers of one topic (`frame`, `crops`) as a sender sees them, and what each has of ours unfinished.

    A message counts against its worker until the worker has answered or dropped it, has answered a later one (workers
    answer in order), says that it has none of that source, or has left; of a worker that does not say what it has, for
    `forget_s` seconds at most.
    """

    def __init__(self, topic: str, forget_s: float = 60.0):
        self.slow_s = float("inf")
        """Workers that take longer for a message get one at a time: by the next one's turn there is a newer one."""
        self._prefix = f"{topic}/"
        self._forget_s = forget_s
        self._workers: dict[str, _Worker] = {}

    def note(self, joined: bool, topic: str, now: float) -> str | None:
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

    def beat(self, process: str, now: float, unfinished: Mapping[str, int] | None = None) -> None:
        """A status of this process arrived; `unfinished` are the messages it has, by source, None if it does not say.

        The key of a message sent is a tuple that begins with its source.
        """
        worker = self._workers.get(process)
        if worker is None:
            return
        worker.beat = now
        worker.lose(now - self._forget_s)
        if unfinished is not None:
            for key, work in list(worker.outstanding.items()):
                source = key[0] if isinstance(key, tuple) else None
                if source not in unfinished and work.sent_at < now - _ON_ITS_WAY_S:
                    del worker.outstanding[key]

    def subscribed(self) -> Collection[str]:
        """All workers that have not left, fresh or not."""
        return self._workers.keys()

    def live(self, now: float) -> list[str]:
        """The workers that would do work sent now."""
        return [name for name, worker in self._workers.items() if now - worker.beat <= STATUS_FRESH_S]

    def room(self, now: float, most: int) -> int:
        """How many messages may be sent now so that no live worker has more than `most` of ours."""
        return sum(max(0, self._most(name, most) - len(self._workers[name].outstanding)) for name in self.live(now))

    def capacity(self, now: float, most: int) -> int:
        """How many messages all live workers may have if none has more than `most` of ours."""
        return sum(self._most(name, most) for name in self.live(now))

    def message_s(self, now: float) -> float:
        """How long the slowest live worker takes for a message; 0 where nothing is known."""
        return max((self._workers[name].message_s for name in self.live(now)), default=0.0)

    def pick(self, now: float, avoid: Collection[str] = (), most: int | None = None) -> str | None:
        """The live worker expected to finish one more first, one not in `avoid` if there is any; None without one.

        None, too, if all of them have `most` messages of ours. One that has not finished anything yet is taken to be as
        fast as the fastest.
        """
        live = self.live(now)
        choice = [name for name in live if name not in avoid] or live
        if most is not None:
            choice = [name for name in choice if len(self._workers[name].outstanding) < self._most(name, most)]
        return min(choice, key=lambda name: (self._finish_s(name, 1), name), default=None)

    def expected_s(self, name: str) -> float | None:
        """How long it should take to finish all it has of ours; None where nothing is known of its pace."""
        worker = self._workers.get(name)
        return None if worker is None or worker.cost_s is None else self._finish_s(name, 0)

    def sent(self, name: str, what: Hashable, now: float, load: int = 1) -> None:
        """Worker `name` got a message of ours that costs about `load`."""
        if (worker := self._workers.get(name)) is not None:
            worker.outstanding.pop(what, None)  # the order is that of sending
            worker.outstanding[what] = _Work(load, now)

    def done(self, what: Hashable, name: str, now: float) -> None:
        """Worker `name` has finished with `what`."""
        if (worker := self._workers.get(name)) is not None:
            worker.finish(what, now)

    def dropped(self, what: Hashable, name: str) -> None:
        """Worker `name` will not work on `what`, which says nothing of its pace."""
        if (worker := self._workers.get(name)) is not None:
            worker.outstanding.pop(what, None)

    def _most(self, name: str, most: int) -> int:
        return 1 if self._workers[name].message_s > self.slow_s else most

    def _finish_s(self, name: str, more: int) -> float:
        worker = self._workers[name]
        paces = [one.cost_s for one in self._workers.values() if one.cost_s is not None]
        cost_s = worker.cost_s if worker.cost_s is not None else min(paces, default=1.0)
        return (worker.load() + more) * cost_s
