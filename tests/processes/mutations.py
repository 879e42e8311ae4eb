"""Messages damaged in every way that bytes, fields and topics can be, from a seed."""

import json
from pathlib import Path

import msgpack

GOLDEN = Path(__file__).resolve().parents[1] / "shared" / "golden.json"

WEIRD: list[object] = [
    None, True, -1, 0, 1, 2**31, 2**53, 2**63, -(2**63), 2**64 - 1, 10**18, 1e308, -1e308, float("nan"), float("inf"),
    "", "x" * 5000, "../../etc/passwd", "\0", b"", b"\xff" * 300, [], [[]] * 50, {}, {"a": {"b": {}}}, [1e9] * 4,
]  # fmt: skip
NUMBERS = ("epoch", "seq", "prev", "acked", "pts", "captured_ns")


def golden(source):
    """One message of every topic, as if about this source."""
    rows = json.loads(GOLDEN.read_text()).values()
    messages = [(row["topic"].encode(), bytes.fromhex(row["hex"])) for row in rows]
    return [about(topic, body, source) for topic, body in messages]


def about(topic, body, source):
    plain = msgpack.unpackb(body)
    if "source" in plain:
        plain["source"] = source
        topic = topic.replace(b"/front/", f"/{source}/".encode())
    return topic, msgpack.packb(plain)


def bits(random, topic, body):
    damaged = bytearray(body)
    for _ in range(random.randint(1, 8)):
        damaged[random.randrange(min(len(damaged), 600))] ^= 1 << random.randrange(8)
    return [topic, bytes(damaged)]


def cut(random, topic, body):
    return [topic, body[: random.randrange(len(body))]]


def grown(random, topic, body):
    return [topic, body + random.randbytes(random.randint(1, 50))]


def noise(random, topic, body):
    return [topic, random.randbytes(random.randint(0, 300))]


def field(random, topic, body):
    plain = msgpack.unpackb(body)
    *way, last = random.choice([way for way in ways(plain) if way])
    place = plain
    for key in way:
        place = place[key]
    place[last] = random.choice(WEIRD)
    return [topic, packed(plain)]


def numbers(random, topic, body):
    """The numbers that order frames, off by little or by much."""
    plain = msgpack.unpackb(body)
    for name in random.sample(NUMBERS, random.randint(1, 3)):
        if isinstance(plain.get(name), int | float):
            plain[name] += random.choice([-1, 1, 2, -1000, 1000, 10**6, 10**12])
    return [topic, packed(plain)]


def later(random, topic, body):
    """An epoch that is none, in a message that is whole otherwise."""
    plain = msgpack.unpackb(body)
    if "epoch" in plain:
        plain["epoch"] += random.choice([1, 1000, 10**6, 10**12])
    for source in plain.get("sources", []):
        source["epoch"] += random.choice([1, 1000, 10**6])
        source["state"] = random.choice(["running", "ended", "holding", "reconnecting"])
    return [topic, packed(plain)]


def dropped(random, topic, body):
    plain = msgpack.unpackb(body)
    plain.pop(random.choice(list(plain)))
    return [topic, packed(plain)]


def added(random, topic, body):
    return [topic, packed(msgpack.unpackb(body) | {f"new_{random.randrange(9)}": random.choice(WEIRD)})]


def version(random, topic, body):
    return [topic, packed(msgpack.unpackb(body) | {"v": random.choice([0, 2, -1, "1", None])})]


def misplaced(random, topic, body):
    other = random.choice([b"", b"frame/", topic[:-1], topic + b"x/", b"\xff\xfe/", b"nothing/x/", topic * 40])
    return [other, body]


def parts(random, topic, body):
    return random.choice([[topic], [topic, body, body], [topic, b""], [b"", b""], [topic] * 9])


def made_up(random, topic, body):
    """Sources and processes that nobody has."""
    plain = msgpack.unpackb(body)
    name = f"s{random.randrange(10**6)}"
    kind, key, _ = topic.decode().split("/")
    if "source" in plain:
        plain["source"], key = name, name
    if "process" in plain:
        plain["process"], key = name, name
    return [f"{kind}/{key}/".encode(), packed(plain)]


MUTATIONS = (
    bits, cut, grown, noise, field, numbers, later, dropped, added, version, misplaced, parts, made_up
)  # fmt: skip


def ways(plain, way=()):
    """The paths to all that is in a message."""
    yield way
    pairs = plain.items() if isinstance(plain, dict) else enumerate(plain[:5]) if isinstance(plain, list) else ()
    for key, child in pairs:
        yield from ways(child, (*way, key))


def packed(plain):
    try:
        return msgpack.packb(plain)
    except (ValueError, OverflowError):
        return b"\xc1"
