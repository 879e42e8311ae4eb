"""The arrows: shared imports no room, no room imports another, and only shared knows ZeroMQ."""

import ast
from pathlib import Path

import pytest

from shared.stages import STAGES

ROOT = Path(__file__).resolve().parent.parent
ROOMS = STAGES.keys() - {"bus"} | {"recorder", "training"}
ALLOWED = {("training", "classifier"), ("training", "detector"), ("recorder", "capture")}


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


def test_the_recorder_takes_only_sources_from_the_capture():
    """Which frames a film has, and in which order, is defined once; a capture's flow control is its own business."""
    taken = {
        node.module
        for path in (ROOT / "recorder").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("capture")
    }
    assert taken == {"capture.sources"}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_only_shared_knows_sockets(room):
    """Stages are functions from messages to messages; the bus is one module's business."""
    assert {path.name for path, package in imports(room) if package == "zmq"} == set()


@pytest.mark.parametrize("room", sorted(ROOMS - {"recorder"} | {"shared"}))
def test_only_the_recorder_needs_its_extra(room):
    """The pipeline runs without pyarrow, which is large."""
    assert {path.name for path, package in imports(room) if package == "pyarrow"} == set()
