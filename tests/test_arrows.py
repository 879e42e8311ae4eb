"""The arrows: shared imports no room, no room imports another, and only shared knows ZeroMQ."""

import ast
from pathlib import Path

import pytest

from shared.stages import STAGES

ROOT = Path(__file__).resolve().parent.parent
ROOMS = STAGES.keys() - {"bus"} | {"recorder", "training"}
ALLOWED = {("training", "classifier"), ("training", "detector")}


def imports(room):
    """(file, top-level package imported) of every import in a room, also of those inside functions."""
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                assert node.level == 0, f"{path}: relative import"
                yield path, node.module.split(".")[0]


@pytest.mark.parametrize("room", sorted(ROOMS | {"shared"}))
def test_no_room_imports_another(room):
    """Rooms meet on the bus alone, so that each can be read, replaced and scaled without the others."""
    strangers = {
        (path.name, package)
        for path, package in imports(room)
        if package in ROOMS - {room} and (room, package) not in ALLOWED
    }
    assert strangers == set()


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_only_shared_knows_sockets(room):
    """Stages are functions from messages to messages; the bus is one module's business."""
    assert {path.name for path, package in imports(room) if package == "zmq"} == set()


@pytest.mark.parametrize("room", sorted(ROOMS - {"recorder"} | {"shared"}))
def test_only_the_recorder_needs_its_extra(room):
    """The pipeline runs without pyarrow, which is large."""
    assert {path.name for path, package in imports(room) if package == "pyarrow"} == set()
