"""The loop that runs every stage, over a real bus inside this process."""

import contextlib
import itertools
import os
import time
from functools import partialmethod
from types import SimpleNamespace
from typing import Any, cast

import msgpack
import pytest
import zmq

from shared import deputy, echo, forwarder
from shared.bus import Bus, connectable
from shared.deputy import Deputy
from shared.errors import ConfigurationError
from shared.forwarder import Forwarder
from shared.identity import Identity
from shared.loop import Loop
from shared.messages import Message
from shared.results import Ack
from shared.settings import Settings
from shared.stage import Place, Stage
from shared.status import Status
from shared.topics import Envelope, decode, encode

_pids = itertools.count(1)


def place(settings, stage="bus"):
    return Place(settings, Identity(stage, "host", next(_pids), stage, 0), settings.runtime_dir / "state")


@pytest.fixture
def settings(tmp_path):
    return Settings(_env_file=None, runtime_dir=tmp_path)


@pytest.fixture
def bus(settings, monkeypatch):
    monkeypatch.setattr(forwarder, "_DRAIN_S", 0.0)
    running = Forwarder(place(settings))
    yield running
    running.close()


@pytest.fixture
def client(settings, bus):
    made = []

    def make():
        made.append(Bus(settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def until(condition, bus_, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        bus_.wait(0.05)
        if found := condition():
            return found
    raise AssertionError("never happened")


def test_a_message_reaches_who_subscribed(client):
    """What one says, the other hears, whole."""
    ears, mouth = client(), client()
    ears.subscribe("ack/")
    until(lambda: list(mouth.receive_subscriptions()), mouth)
    said = Envelope("ack", "front", Ack(source="front", epoch=1, seq=2))
    mouth.publish(encode(said))
    (parts,) = until(lambda: list(ears.receive(10)), ears)
    assert decode(parts) == said


def test_subscriptions_and_deaths_are_seen_through_the_bus(client):
    """Membership needs no registry: the publisher sees who comes and who goes."""
    worker, sender = client(), client()
    worker.subscribe("crops/classifier-host-1/")
    (joined,) = until(lambda: list(sender.receive_subscriptions()), sender)
    assert (joined.joined, joined.topic) == (True, "crops/classifier-host-1/")
    worker.close()
    (left,) = until(lambda: list(sender.receive_subscriptions()), sender)
    assert (left.joined, left.topic) == (False, "crops/classifier-host-1/")


def test_a_late_publisher_is_told_who_is_there(client):
    """A detector that starts after the classifiers knows them at once."""
    worker = client()
    worker.subscribe("crops/classifier-host-1/")
    first = client()
    until(lambda: list(first.receive_subscriptions()), first)
    late = client()
    assert until(lambda: list(late.receive_subscriptions()), late)[0].topic == "crops/classifier-host-1/"


def test_no_subscription_is_lost_at_the_high_water_mark(settings, monkeypatch):
    """More subscribers than messages may wait: a publisher that comes later hears of every one, at once and later."""
    monkeypatch.setattr(forwarder, "_DRAIN_S", 0.0)
    tight = settings.model_copy(update={"bus_hwm": 8})
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.closing(Forwarder(place(tight))))
        ears = stack.enter_context(contextlib.closing(Bus(tight)))
        wanted = {f"ack/{number}/" for number in range(100)}
        for topic in wanted:
            ears.subscribe(topic)
        for _ in ("here before they reach the bus", "here later"):
            publisher = stack.enter_context(contextlib.closing(Bus(tight)))
            heard: set[str] = set()

            def complete(publisher=publisher, heard=heard):
                heard.update(event.topic for event in publisher.receive_subscriptions())
                return heard >= wanted

            until(complete, publisher)


class Stops(Stage):
    """A stage that is told to stop when it has heard its own status, so that the bus is known to carry it."""

    def __init__(self, stop):
        super().__init__()
        self._stop = stop

    def topics(self):
        return ("status/",)

    def handle(self, heard, now):
        self._stop.asked = any(envelope.topic == "status" for envelope in heard)
        return ()


def test_a_stage_that_is_being_built_says_so(settings, client):
    """To load networks takes seconds, in which nobody should wonder where the stage is."""
    listener = client()
    listener.subscribe("status/")
    stop: Any = SimpleNamespace(fd=os.open(os.devnull, os.O_RDONLY), asked=False)
    states: list[str] = []

    def heard():
        states.extend(cast(Status, decode(parts).message).state for parts in listener.receive(9))
        return states

    def build(_):
        until(heard, listener)
        return Stops(stop)

    assert not Loop(place(settings, "detector"), build, stop).run()
    until(lambda: heard()[-1] == "ready", listener)
    assert set(states) == {"starting", "ready"}


def test_saying_never_blocks(client):
    """With a listener that does not read, saying costs nothing and does not wait."""
    mouth, listener = client(), client()
    listener.subscribe("ack/")
    until(lambda: list(mouth.receive_subscriptions()), mouth)
    began = time.monotonic()
    for _ in range(5000):
        mouth.publish((b"ack/front/", b"\x80" * 1000))
    assert time.monotonic() - began < 30


def test_the_bus_leaves_no_socket_files(settings, bus):
    """libzmq leaves its files behind; the bus does not."""
    assert {path.name for path in settings.runtime_dir.iterdir()} == {"bus.in", "bus.out", "bus.lock"}
    bus.close()
    assert list(settings.runtime_dir.iterdir()) == []
    bus.close = lambda: None


def test_a_stranger_in_another_language(settings, client):
    """A plain SUB socket and msgpack are enough."""
    mouth = client()
    with zmq.Context() as context, context.socket(zmq.SUB) as stranger:
        stranger.connect(settings.bus_out_address)
        stranger.subscribe("ack/")
        until(lambda: list(mouth.receive_subscriptions()), mouth)
        mouth.publish(encode(Envelope("ack", "front", Ack(source="front", epoch=1, seq=2))))
        assert stranger.poll(10_000)
        topic, body = stranger.recv_multipart()
    assert topic == b"ack/front/"
    assert msgpack.unpackb(body) == {"v": 1, "source": "front", "epoch": 1, "seq": 2}


@pytest.mark.parametrize(
    ("bound", "connected"),
    [
        ("tcp://0.0.0.0:7001", "tcp://127.0.0.1:7001"),
        ("tcp://*:7001", "tcp://127.0.0.1:7001"),
        ("tcp://10.0.0.1:7001", "tcp://10.0.0.1:7001"),
        ("ipc:///tmp/x/bus.in", "ipc:///tmp/x/bus.in"),
    ],
)
def test_a_wildcard_is_connected_to_on_this_host(bound, connected):
    """The same setting serves the bus, which binds, and the stages, which connect."""
    assert connectable(bound) == connected


def test_an_address_that_cannot_be_bound_is_a_users_mistake(tmp_path):
    """The message names the setting and the address."""
    settings = Settings(_env_file=None, runtime_dir=tmp_path, bus_in="ipc:///nowhere/at/all/bus.in")
    with pytest.raises(ConfigurationError, match=r"AFFECT_BUS_IN='ipc:///nowhere"):
        Forwarder(place(settings))


class Works(Stops):
    """A stage with one piece of work, which takes until the others have heard that it is busy."""

    def __init__(self, stop, until_heard):
        super().__init__(stop)
        self._until_heard = until_heard
        self._pieces = 1

    def handle(self, heard, now):
        self._stop.asked = self._pieces == 0
        return ()

    def has_work(self):
        return self._pieces > 0

    def work(self, now):
        self._until_heard()
        self._pieces -= 1
        yield Envelope("ack", "front", Ack(source="front", epoch=1, seq=2))

    def unfinished(self):
        return {"front": self._pieces}


def test_a_stage_at_work_says_so(settings, client, monkeypatch):
    """A piece of work that takes long is no silence; what comes of it is said when it is done."""
    monkeypatch.setattr(deputy, "BEAT_S", 0.05)
    monkeypatch.setattr(Deputy, "instead", partialmethod(Deputy.instead, first_s=0.05))
    listener = client()
    listener.subscribe("status/")
    listener.subscribe("ack/")
    stop: Any = SimpleNamespace(fd=os.open(os.devnull, os.O_RDONLY), asked=False)
    heard: list[Message] = []

    def hear():
        heard.extend(decode(parts).message for parts in listener.receive(99))
        return [message for message in heard if getattr(message, "busy_s", 0.0) > 0]

    assert not Loop(place(settings, "detector"), lambda _: Works(stop, lambda: until(hear, listener)), stop).run()
    busy = hear()
    assert {(status.state, status.unfinished) for status in busy} <= {("ready", None), ("starting", None)}
    until(lambda: hear() and [one for one in heard if isinstance(one, Ack)], listener)


def test_without_a_bus_nobody_is_ready(settings, capsys, monkeypatch):
    """What is wrong is logged once; when the bus comes, the stage is ready without being restarted."""
    monkeypatch.setattr(echo, "PATIENCE_S", 0.3)
    monkeypatch.setattr(forwarder, "_DRAIN_S", 0.0)
    stop: Any = SimpleNamespace(fd=os.open(os.devnull, os.O_RDONLY), asked=False)
    said, buses = [], []

    class Waits(Stops):
        def tick(self, now):
            said.append(capsys.readouterr().out)
            if "no bus" in said[-1]:
                buses.append(Forwarder(place(settings)))
            return ()

    try:
        assert not Loop(place(settings, "detector"), lambda _: Waits(stop), stop).run()
    finally:
        for bus in buses:
            bus.close()
    log = "".join([*said, capsys.readouterr().out])
    assert len(buses) == 1
    assert log.count("nobody answers there") == 1
    assert log.index("no bus") < log.index("ready")
