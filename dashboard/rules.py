"""Rules such as `sad > 0.6 for 10 s`: who has shown something for long enough. Pure; media time in seconds."""

import re
from typing import NamedTuple

import msgspec

from shared.errors import ConfigurationError
from shared.messages import EMOTIONS
from shared.results import Smoothed, TrackedFace
from shared.settings import PREFIX

_AWAY_S = 2.0
"""A face that is away, or cannot be read, for longer begins anew."""
_RULE = re.compile(
    r"(?:(?P<source>[a-z0-9_-]{1,32}):)?\s*(?P<label>[a-z]+)\s*>\s*(?P<share>[01]?\.\d+|0)\s+for\s+(?P<seconds>\d+(?:\.\d+)?)\s*s"
)


class Rule(NamedTuple):
    """A face's smoothed probability of `label` is above `share` for `seconds`; `source` None: in any source."""

    text: str
    source: str | None
    label: str
    share: float
    seconds: float


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """That a rule holds for a face, said once until it has ceased to; `lasted_s` is how long by then."""

    rule: str
    source: str
    epoch: int
    seq: int
    captured_ns: int
    pts: float
    track_id: int
    label: str
    smoothed: float
    lasted_s: float


class _Lasting(msgspec.Struct):
    """Since when a rule holds for a face, when that was last seen, and whether it has been said."""

    since: float
    seen: float
    said: bool = False


def parse_rules(text: str) -> list[Rule]:
    """The rules of a comma-separated list; raises ConfigurationError."""
    rules = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RULE.fullmatch(part)
        if match is None or match["label"] not in EMOTIONS:
            raise ConfigurationError(
                f"{PREFIX}DASHBOARD_RULES: {part!r} is no rule; one is written `sad > 0.6 for 10 s`, or with a source"
                f" before it, `cam0: sad > 0.6 for 10 s`, and the label is one of {', '.join(EMOTIONS)}"
            )
        rules.append(Rule(part, match["source"], match["label"], float(match["share"]), float(match["seconds"])))
    return rules


class Watch:
    """Follows each face against each rule; forgets those that have left."""

    def __init__(self, rules: list[Rule]):
        self._rules = rules
        self._epochs: dict[str, int] = {}
        self._lasting: dict[tuple[str, int, str], _Lasting] = {}

    def hear(self, result: Smoothed) -> list[Alert]:
        """Take the next result of a source in; returns what is to be said."""
        if not self._rules or not result.size:
            return []
        self._forget(result)
        ours = [rule for rule in self._rules if rule.source in (None, result.source)]
        heard = (self._follow(result, face, rule) for face in result.faces for rule in ours)
        return [alert for alert in heard if alert]

    def _follow(self, result: Smoothed, face: TrackedFace, rule: Rule) -> Alert | None:
        if face.track_id is None or face.smoothed is None or face.reason:
            return None
        if face.classified_pts is None or result.pts - face.classified_pts > _AWAY_S:
            return None
        key = (result.source, face.track_id, rule.text)
        share = face.smoothed[EMOTIONS.index(rule.label)]
        if share <= rule.share:
            self._lasting.pop(key, None)
            return None
        lasting = self._lasting.setdefault(key, _Lasting(result.pts, result.pts))
        lasting.seen = result.pts
        if lasting.said or result.pts - lasting.since < rule.seconds:
            return None
        lasting.said = True
        return Alert(
            rule=rule.text,
            source=result.source,
            epoch=result.epoch,
            seq=result.seq,
            captured_ns=result.captured_ns,
            pts=result.pts,
            track_id=face.track_id,
            label=rule.label,
            smoothed=round(share, 4),
            lasted_s=round(result.pts - lasting.since, 3),
        )

    def _forget(self, result: Smoothed) -> None:
        begins = self._epochs.get(result.source) != result.epoch
        self._epochs[result.source] = result.epoch
        for key, lasting in list(self._lasting.items()):
            if key[0] == result.source and (begins or result.pts - lasting.seen > _AWAY_S):
                del self._lasting[key]
