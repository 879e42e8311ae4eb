"""Splitting a multipart stream: every part whole, whatever its head says."""

from collections.abc import Iterable, Iterator

import pytest

from capture.sources import multipart
from capture.sources.multipart import MultipartError, Part, parts

JPEGS = [b"\xff\xd8one\r\n--two\n\n\xff\xd9", b"\xff\xd8" + bytes(range(256)) * 40 + b"\xff\xd9", b"\xff\xd8\xff\xd9"]


def split(chunks: Iterable[bytes]) -> list[Part]:
    """The parts of a stream that comes in these chunks."""
    coming = iter(chunks)
    return list(parts(lambda: next(coming, b"")))


def stream(head: str, boundary: bytes = b"--part", line: bytes = b"\r\n", end: bytes = b"") -> bytes:
    """The JPEGs under a head, in which `N` stands for the length."""
    body = b""
    for content in JPEGS:
        lines = head.replace("N", str(len(content))).encode().replace(b"\n", line)
        body += boundary + line + lines + line + content + line
    return body + end


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("line", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("Content-Type: image/jpeg\nContent-Length: N\n", "image/jpeg"),
        ("content-type:image/jpg\ncontent-length:N\n", "image/jpg"),
        ("Content-Type: image/jpeg; charset=utf-8\n", "image/jpeg"),
        ("X-Timestamp: 1.5\nContent-Length: N\n", ""),
        ("Content-Length: 3\n", ""),  # wrong: a part cannot end there
        ("Content-Length: 1000000\n", ""),
        ("Content-Length: many\n", ""),
        ("", ""),
    ],
)
def test_every_part_is_whole(head: str, kind: str, line: bytes, size: int) -> None:
    """With and without a type or a length, however the bytes come."""
    body = stream(head, line=line, end=b"--part--\r\n")
    expected = [Part(kind, content) for content in JPEGS]
    assert split(body[at : at + size] for at in range(0, len(body), size)) == expected


@pytest.mark.parametrize("boundary", [b"--part", b"--part of a long day", b"----"])
def test_the_boundary_is_what_stands_in_the_stream(boundary: bytes) -> None:
    """Whatever the server has announced, and however it begins."""
    assert [part.content for part in split([b"\r\n" + stream("Content-Length: N\n", boundary)])] == JPEGS


def test_a_line_may_lack_its_end_before_a_boundary() -> None:
    """Some cameras write the boundary right behind the picture."""
    for head in ("Content-Length: N\n", ""):
        body = stream(head, b"--boundary", end=b"--boundary--")
        body = body.replace(b"\xff\xd9\r\n--boundary", b"\xff\xd9--boundary")
        assert [part.content for part in split([body])] == JPEGS


def test_a_part_of_known_length_does_not_wait_for_the_next() -> None:
    """A camera's picture is there when its last byte is."""

    def chunks() -> Iterator[bytes]:
        yield stream("Content-Length: N\n").removesuffix(b"\r\n")
        raise AssertionError("asked for more")

    coming = chunks()
    found = parts(lambda: next(coming))
    assert [next(found).content for _ in JPEGS] == JPEGS


def test_a_stream_may_end_anywhere() -> None:
    """What is whole of it is given, and nothing else; a last picture within a boundary may be lost."""
    body = stream("Content-Type: image/jpeg\n")
    ends = [body.index(content) + len(content) for content in JPEGS[:2]] + [len(body) - len(b"\r\n")]
    for end in range(len(b"--part\r\n"), len(body)):
        found = [part.content.rstrip(b"\r\n") for part in split([body[:end]])]
        whole = sum(end >= at for at in ends)
        assert found in (JPEGS[:whole], JPEGS[: whole - 1]), end


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html></html>\n" * 3, "no boundary"),
        (b"", "no boundary"),
        (b"--part\r\n" + b"X-A: b\r\n" * 200, "head does not end"),
        (b"--part\r\n\r\n" + bytes(5000), "a part does not end"),
        (b"--" + bytes(5000), "a part does not end"),
        (b"--part\r\nContent-Length: 9999999\r\n\r\n" + bytes(5000), "a part does not end"),
    ],
)
def test_what_does_not_end_is_refused(body: bytes, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded."""
    monkeypatch.setattr(multipart, "_LONGEST_PART", 1000)
    monkeypatch.setattr(multipart, "_LONGEST_LINE", 1000)
    with pytest.raises(MultipartError, match=reason):
        split(body[at : at + 50] for at in range(0, len(body), 50))
