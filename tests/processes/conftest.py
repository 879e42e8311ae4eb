"""Fixtures of the tests with real processes; what they are made of is in harness.py."""

import socket

import pytest

from tests.processes.harness import pipelines, write_video


@pytest.fixture
def pipeline(tmp_path_factory):
    """Makes pipelines for one test."""
    with pipelines(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session")
def replayed(tmp_path_factory, recording):
    """An undisturbed replay of `recording` with one worker of each kind: (rows as they came, exit code, repeats)."""
    with pipelines(tmp_path_factory) as make:
        one = make(capture_source=recording, capture_mode="replay", capture_at_end="exit").start()
        code = one.wait()
        return one.listener.heard(), code, one.listener.repeats


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """90 frames, three seconds of the demo."""
    return write_video(tmp_path_factory.mktemp("media") / "demo90.mp4", 90)


@pytest.fixture
def unused_ports():
    """Two TCP ports that nobody uses now."""
    sockets = [socket.create_server(("127.0.0.2", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
