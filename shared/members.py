"""Load balancing over PUB/SUB: which workers are live, how busy and how fast. Pure; time is an argument in seconds.

Membership is the live subscriptions; a worker is live while it is subscribed and its status is fresh. Work goes where
it is expected to finish first, so a worker five times slower gets a fifth of it; a limit on the messages in flight per
worker is the backpressure that keeps queues short when all are slow.
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field

STATUS_FRESH_S = 3.0
_MEMORY = 0.8  # weight of the past in the running mean of a worker's cost
_IN_TRANSIT_S = 1.5  # older work that a worker's status does not list was lost in transit


@dataclass
class _Work:
    """One unfinished message."""

    load: int
    sent_at: float


@dataclass
class _Worker:
    beat: float
    outstanding: dict[Hashable, _Work] = field(default_factory=dict)
    cost_s: float | None = None  # running mean of its seconds per unit of load
    message_s: float = 0.0  # the same per message
    finished_at: float = 0.0

    def load(self) -> int:
        return sum(work.load for work in self.outstanding.values())

    def finish(self, what: Hashable, now: float) -> None:
        """Update the running means from one finished message; one no longer outstanding is ignored."""
        work = self.outstanding.pop(what, None)
        if work is None:
            return
        took_s = now - max(work.sent_at, self.finished_at)  # it was busy with earlier work until then
        past = 0.0 if self.cost_s is None else _MEMORY
        self.cost_s = past * (self.cost_s or 0.0) + (1 - past) * took_s / work.load
        self.message_s = past * self.message_s + (1 - past) * took_s
        self.finished_at = now
        self.lose(work.sent_at)

    def lose(self, older_than: float) -> None:
        """Forget work sent before then: it, or its answer, was lost."""
        self.outstanding = {key: work for key, work in self.outstanding.items() if work.sent_at >= older_than}


class Members:
    """The workers of one topic (`frame`, `crops`) as a sender sees them, and its messages outstanding at each.

    A message is outstanding until its worker answers or drops it, answers a later one (workers answer in order),
    reports none of that source, or leaves; if it does not report its backlog, for at most `forget_s` seconds.
    """

    def __init__(self, topic: str, forget_s: float = 60.0):
        self.slow_s = float("inf")
        """Workers slower than this per message get one at a time, so that the next one is fresh."""
        self._prefix = f"{topic}/"
        self._forget_s = forget_s
        self._workers: dict[str, _Worker] = {}

    def note(self, joined: bool, topic: str, now: float) -> str | None:
        """Record a subscription event; returns the worker that joined or left, None if it was no worker's."""
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
        """Record a status; `unfinished` is the process's backlog by source, None if it does not report one.

        The key of an outstanding message must be a tuple that begins with its source.
        """
        worker = self._workers.get(process)
        if worker is None:
            return
        worker.beat = now
        worker.lose(now - self._forget_s)
        if unfinished is not None:
            for key, work in list(worker.outstanding.items()):
                source = key[0] if isinstance(key, tuple) else None
                if source not in unfinished and work.sent_at < now - _IN_TRANSIT_S:
                    del worker.outstanding[key]

    def subscribed(self) -> Collection[str]:
        """All subscribed workers, live or not."""
        return self._workers.keys()

    def live(self, now: float) -> list[str]:
        """The subscribed workers whose last status is fresh."""
        return [name for name, worker in self._workers.items() if now - worker.beat <= STATUS_FRESH_S]

    def room(self, now: float, most: int) -> int:
        """How many messages may be sent now with at most `most` outstanding per live worker."""
        return sum(max(0, self._most(name, most) - len(self._workers[name].outstanding)) for name in self.live(now))

    def capacity(self, now: float, most: int) -> int:
        """How many messages may be outstanding in all, with at most `most` per live worker."""
        return sum(self._most(name, most) for name in self.live(now))

    def message_s(self, now: float) -> float:
        """Seconds per message of the slowest live worker; 0 if unknown."""
        return max((self._workers[name].message_s for name in self.live(now)), default=0.0)

    def pick(self, now: float, avoid: Collection[str] = (), most: int | None = None) -> str | None:
        """The live worker expected to finish one more message first, preferably not in `avoid`.

        None if no worker is live or all have `most` messages outstanding. A worker that has not finished anything yet
        counts as fast as the fastest.
        """
        live = self.live(now)
        choice = [name for name in live if name not in avoid] or live
        if most is not None:
            choice = [name for name in choice if len(self._workers[name].outstanding) < self._most(name, most)]
        return min(choice, key=lambda name: (self._finish_s(name, 1), name), default=None)

    def expected_s(self, name: str) -> float | None:
        """Seconds the worker should need for all its outstanding messages; None if its pace is unknown."""
        worker = self._workers.get(name)
        return None if worker is None or worker.cost_s is None else self._finish_s(name, 0)

    def sent(self, name: str, what: Hashable, now: float, load: int = 1) -> None:
        """Message `what`, which costs about `load`, was sent to worker `name`."""
        if (worker := self._workers.get(name)) is not None:
            worker.outstanding.pop(what, None)  # keep the order of sending
            worker.outstanding[what] = _Work(load, now)

    def done(self, what: Hashable, name: str, now: float) -> None:
        """Worker `name` finished `what`."""
        if (worker := self._workers.get(name)) is not None:
            worker.finish(what, now)

    def dropped(self, what: Hashable, name: str) -> None:
        """Worker `name` dropped `what`; its pace stays as it was."""
        if (worker := self._workers.get(name)) is not None:
            worker.outstanding.pop(what, None)

    def _most(self, name: str, most: int) -> int:
        return 1 if self._workers[name].message_s > self.slow_s else most

    def _finish_s(self, name: str, more: int) -> float:
        worker = self._workers[name]
        paces = [one.cost_s for one in self._workers.values() if one.cost_s is not None]
        cost_s = worker.cost_s if worker.cost_s is not None else min(paces, default=1.0)
        return (worker.load() + more) * cost_s
