"""Fixtures of the tests that turn a whole capture by hand."""

import pytest
import structlog

from capture import host
from tests.capture.bench import Bench
from tests.capture.made import MadeUp


@pytest.fixture
def sources(monkeypatch):
    """What each spec leads to; a source of five frames where the test says nothing else."""
    made: dict[str, MadeUp] = {}
    monkeypatch.setattr(host, "open_source", lambda spec, **_: made.get(spec) or MadeUp())
    return made


@pytest.fixture
def bench(tmp_path, sources):
    """Makes captures whose sources those are; each is closed at the end."""
    with structlog.testing.capture_logs() as logs:
        benches = []

        def make(**how):
            benches.append(Bench(tmp_path, logs, **how))
            return benches[-1]

        yield make
        for source in sources.values():
            if source.gate:
                source.gate.release(2000)  # its thread can end
        for one in benches:
            one.close()
