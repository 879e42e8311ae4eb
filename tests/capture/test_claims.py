"""Who hosts which of the listed sources."""

import os

import pytest

from capture.claims import Claims
from capture.names import SourceSpec
from shared.locks import LockedError

LISTED = [SourceSpec(name, "demo") for name in ("a", "b", "c")]


@pytest.fixture
def claims(tmp_path):
    made = []

    def make(listed=LISTED, *, shared):
        made.append(Claims(listed, tmp_path, shared=shared))
        return made[-1]

    yield make
    for one in made:
        one.release()


def names(specs):
    return [spec.name for spec in specs]


def test_alone_a_capture_hosts_all(claims):
    """Started by hand, one process takes the whole list at once."""
    alone = claims(shared=False)
    assert names(alone.take(0.0)) == ["a", "b", "c"]
    assert alone.take(1.0) == []


def test_captures_of_one_run_take_turns(claims):
    """Two captures share a list about evenly, and nothing twice."""
    one, two = (claims(shared=True) for _ in range(2))
    taken = {"one": names(one.take(0.0)), "two": names(two.take(0.1))}
    assert taken == {"one": ["a"], "two": ["b"]}
    assert one.take(0.2) == []
    assert names(one.take(0.6)) == ["c"]
    assert two.take(0.7) == []


def test_a_name_in_use_is_refused_naming_the_process(claims):
    """Somebody else's source is not taken over, and the user learns whose it is."""
    first = claims(LISTED[:1], shared=False)
    first.take(0.0)
    with pytest.raises(LockedError, match=f"'a' is in use by process {os.getpid()}"):
        claims(shared=False).take(0.0)
    first.release()
    assert names(claims(LISTED[:1], shared=False).take(0.0)) == ["a"]
