"""docs/client.py: the example works against a dashboard that is served."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board
from dashboard.server import Server, bind, url_of
from shared.stages import NEEDED
from tests.dashboard.desk import eventually
from tests.dashboard.made import face, result, source_status, status

CLIENT = Path(__file__).resolve().parents[2] / "docs/client.py"
TOKEN = "a-token-of-sixteen"  # noqa: S105


@pytest.fixture
def served():
    board = Board()
    board.hear([status(stage) for stage in NEEDED if stage != "capture"], 0.0)
    board.hear([status("capture", sources=[source_status()])], 0.0)
    listener = bind("127.0.0.1", 0)
    server = Server(create_app(board, Access(token=TOKEN), lambda: 0.0), listener)
    server.start()
    yield board, url_of(listener)
    server.stop()


def run(url, *sources, token=TOKEN):
    environment = os.environ | {"TOKEN": token}
    command = [sys.executable, CLIENT, url, *sources]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_client_lists_sources_and_follows_one(served):
    """With the token in a header; results of other sources do not reach it."""
    board, url = served
    with run(url, "cam0") as client:
        assert client.stdout.readline() == "cam0: live\n"
        eventually(lambda: board.viewers == 1)
        board.hear([result(1, "cam1"), result(25, faces=(face(3, "sad"), face(None))), result(26)], 0.0)
        assert client.stdout.readline() == "cam0 2.50 s: face 3 sad 70%\n"
        assert client.stdout.readline() == "cam0 2.60 s: nobody\n"
        client.terminate()


def test_the_client_is_refused_without_the_token(served):
    """And says with which number."""
    with run(served[1], token="") as client:
        assert "HTTP Error 401" in client.communicate(timeout=60)[1]
