"""Keys of a bus that spans hosts: made, listed, revoked, and what the bus admits."""

import itertools
import socket
import time
from contextlib import closing

import pytest
import structlog
from structlog.testing import capture_logs

from shared import forwarder, keys
from shared.bus import Bus
from shared.errors import ConfigurationError
from shared.forwarder import Forwarder
from shared.identity import Identity
from shared.settings import Settings
from shared.stage import Place


@pytest.fixture
def folder(tmp_path):
    """A folder of keys."""
    keys.make_keys(tmp_path / "keys")
    return tmp_path / "keys"


def test_keys_are_private_and_never_overwritten(folder, tmp_path):
    """Secrets are readable by their owner alone."""
    assert (folder / "bus.secret").stat().st_mode & 0o777 == 0o600
    assert keys.read_allowed(folder) == {"client": keys.read_pair(folder, "client").public}
    with pytest.raises(ConfigurationError, match="not empty"):
        keys.make_keys(folder)
    with pytest.raises(ConfigurationError, match=r"python -m shared\.keys"):
        keys.read_pair(tmp_path / "elsewhere", "bus")
    (folder / "bus.public").write_text("short")
    with pytest.raises(ConfigurationError, match="40 characters"):
        keys.read_pair(folder, "bus")


def test_each_host_has_a_key_of_its_own(folder):
    """What is copied to a host holds its secret alone, and the bus's public key."""
    theirs = keys.add_host(folder, "door.example")
    assert {path.name for path in theirs.iterdir()} == {"bus.public", "client.public", "client.secret"}
    assert theirs.stat().st_mode & 0o777 == 0o700
    assert keys.open_secrets(theirs) == []
    assert keys.read_allowed(folder)["door.example"] == keys.read_pair(theirs, "client").public
    assert keys.read_key(theirs / "bus.public") == keys.read_pair(folder, "bus").public
    with pytest.raises(ConfigurationError, match="has a key"):
        keys.add_host(folder, "door.example")


@pytest.mark.parametrize("host", ["", "../door", "a/b", ".hidden", "a b", "client"])
def test_a_name_that_is_none_makes_nothing(folder, host):
    """Names become files."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(ConfigurationError):
        keys.add_host(folder, host)
    assert sorted(folder.rglob("*")) == before


def test_a_revoked_host_may_have_a_new_key(folder):
    """Under its old name, and with another key. The folder's own key is not revoked by mistake."""
    old = keys.read_pair(keys.add_host(folder, "door"), "client")
    keys.revoke_host(folder, "door")
    assert list(keys.read_allowed(folder)) == ["client"]
    assert keys.read_pair(keys.add_host(folder, "door"), "client") != old
    with pytest.raises(ConfigurationError, match="has no key"):
        keys.revoke_host(folder, "../allowed/door")
    with pytest.raises(ConfigurationError, match="itself"):
        keys.revoke_host(folder, "client")


def test_the_command(tmp_path, monkeypatch, capsys):
    """`--help` and a mistake make no folder; the rest is what the functions do."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        keys.main(["--help"])
    assert ended.value.code == 0
    assert keys.main(["add", "door"]) == 2
    assert "python -m shared.keys make" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert [keys.main(command.split()) for command in ("make", "add door", "list")] == [0, 0, 0]
    listed = capsys.readouterr().out.splitlines()[-2:]
    assert [line.split() for line in listed] == [
        [name, key.decode()] for name, key in keys.read_allowed(tmp_path / "keys").items()
    ]
    assert keys.main(["revoke", "door"]) == 0
    assert list(keys.read_allowed(tmp_path / "keys")) == ["client"]


def test_a_secret_that_others_can_read_is_found(folder):
    """By name, to warn about it."""
    assert keys.open_secrets(folder) == []
    (folder / "client.secret").chmod(0o640)
    assert keys.open_secrets(folder) == [folder / "client.secret"]


@pytest.fixture
def over_tcp(tmp_path, folder, monkeypatch):
    """A bus over TCP that admits `folder`'s keys, and a function that makes an end of it with a folder of keys."""
    monkeypatch.setattr(forwarder, "_DRAIN_S", 0.0)
    sockets = [socket.create_server(("127.0.0.2", 0)) for _ in range(2)]
    entrance, leave = (f"tcp://127.0.0.2:{one.getsockname()[1]}" for one in sockets)
    for one in sockets:
        one.close()
    settings = Settings(_env_file=None, runtime_dir=tmp_path, bus_in=entrance, bus_out=leave, bus_keys=folder)
    monkeypatch.setattr(forwarder, "log", structlog.get_logger())
    with closing(Forwarder(Place(settings, Identity("bus", "host", 1, "bus", 0), tmp_path / "state"))):
        yield lambda theirs: closing(Bus(settings.model_copy(update={"bus_keys": theirs})))


def joins(bus, seconds=10.0):
    """Whether an end of the bus is admitted: then it hears that it has subscribed."""
    bus.subscribe("ack/")
    end = time.monotonic() + seconds
    while time.monotonic() < end and not bus.trouble():
        bus.wait(0.05)
        if list(bus.receive_subscriptions()):
            return True
    return False


def test_the_bus_admits_who_has_a_key_now(over_tcp, folder):
    """Keys are added and revoked while it runs. Who is refused is logged once, with the address."""
    with capture_logs() as logged:
        door = keys.add_host(folder, "door")
        with over_tcp(door) as bus:
            assert joins(bus)
        copied = door.rename(folder.parent / "copied")
        keys.revoke_host(folder, "door")
        for _ in itertools.repeat(None, 2):
            with over_tcp(copied) as bus:
                assert not joins(bus)
        (folder / "allowed" / "broken.public").write_text("short")
        with over_tcp(folder) as bus:
            assert joins(bus)
    (refused,) = [line for line in logged if line["event"] == "key refused"]
    assert refused["address"].startswith("127.0.0.")
    assert refused["key"] == keys.read_pair(copied, "client").public.decode()
    (unreadable,) = [line for line in logged if "unreadable" in line["event"]]
    assert unreadable["error"].endswith("is not a key of 40 characters")
