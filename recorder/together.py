"""Who is in the picture at the same time, and with the same label. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from recorder.episodes import Episode


@dataclass
class Pair:
    """Two people.

    Attributes:
        people: their numbers, the smaller first.
        stretches: when both were in the picture: start and end in seconds, and the label if both had the same.
    """

    people: tuple[int, int]
    stretches: list[tuple[float, float, str | None]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Time together."""
        return sum(end_s - start_s for start_s, end_s, _ in self.stretches)

    @property
    def alike(self) -> float:
        """The share of that time in which both had the same label, 0 to 1."""
        return sum(end_s - start_s for start_s, end_s, label in self.stretches if label) / (self.seconds or 1.0)


def pairs(episodes: Iterable[Episode], people: Sequence[int]) -> list[Pair]:
    """All pairs of these people that were in the picture together, those that were so longest first."""
    found: dict[tuple[int, int], Pair] = {}
    for start_s, end_s, there in stretches(episodes):
        for one, other in combinations(sorted(there.keys() & set(people)), 2):
            label = there[one] if there[one] == there[other] else None
            pair = found.setdefault((one, other), Pair((one, other)))
            if pair.stretches and pair.stretches[-1][1:] == (start_s, label):
                pair.stretches.append((pair.stretches.pop()[0], end_s, label))
            else:
                pair.stretches.append((start_s, end_s, label))
    return sorted(found.values(), key=lambda pair: (-pair.seconds, pair.people))


def stretches(episodes: Iterable[Episode]) -> Iterator[tuple[float, float, dict[int, str | None]]]:
    """(start, end, labels by person) of every stretch of time without a change; those without anybody are left out.

    The labels are valid until the next one is asked for.
    """
    begins: dict[float, list[Episode]] = defaultdict(list)
    ends: dict[float, list[Episode]] = defaultdict(list)
    for episode in episodes:
        begins[episode.start_s].append(episode)
        ends[episode.end_s].append(episode)
    there: dict[int, str | None] = {}
    for start_s, end_s in pairwise(sorted(begins.keys() | ends.keys())):
        for episode in ends[start_s]:
            del there[episode.track_id]
        there.update((episode.track_id, episode.label) for episode in begins[start_s])
        if there:
            yield start_s, end_s, there
