"""Playlists: live ones shown evenly, finished ones are recordings, and none leads to this machine's files."""

import contextlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import structlog

from capture.sources import SourceUnavailable, UrlSource
from tests.capture.films import film, picture, times
from tests.capture.site import Site, file, mute, site, tcp, until_lost

LIMIT = 1_000_000
SEGMENTS, EACH = 8, 10
PLAYLIST = "application/vnd.apple.mpegurl"


def entry(number: int) -> str:
    """A segment in a playlist."""
    return f"#EXTINF:0.4,\n/{number}.ts\n"


def playlist(entries: str, first: int = 0, *, over: bool = False) -> bytes:
    """A playlist; `first` is the number of its first segment."""
    head = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{first}\n"
    return f"{head}{entries}{'#EXT-X-ENDLIST' if over else ''}\n".encode()


class Broadcast:
    """A live playlist that grows by a segment every 0.4 s of a clock that goes by being waited for."""

    def __init__(self, folder: Path):
        film(
            folder / "all.m3u8",
            images=SEGMENTS * EACH,
            container="hls",
            options={"g": "10", "bf": "0", "sc_threshold": "0"},
            muxing={"hls_time": "0.4", "hls_list_size": "0", "hls_segment_filename": str(folder / "%d.ts")},
        )
        self.now = 0.0
        self.late_s = 0.0
        self.pages = {f"/{n}.ts": file((folder / f"{n}.ts").read_bytes(), "video/mp2t") for n in range(SEGMENTS)}
        self.pages["/live.m3u8"] = lambda request: file(self._playlist(), PLAYLIST)(request)

    def _playlist(self) -> bytes:
        there = min(SEGMENTS, 3 + int((self.now - self.late_s) / 0.4))
        first = max(0, there - 5)
        return playlist("".join(map(entry, range(first, there))), first, over=there == SEGMENTS)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


@contextlib.contextmanager
def opened(server: Site, path: str, **how) -> Iterator[UrlSource]:
    """The source, open."""
    source = UrlSource(f"http://{server.address}{path}", how.pop("clock", lambda: 0.0), LIMIT, **how)
    source.open()
    with contextlib.closing(source):
        yield source


def test_a_live_playlist_is_shown_evenly_and_whole(tmp_path: Path) -> None:
    """Segments come in bursts; frames are shown at their times, none left out, behind by what was there at first."""
    live = Broadcast(tmp_path)
    shown = []
    with site(live.pages) as server, opened(server, "/live.m3u8", clock=live.clock, sleep=live.sleep) as source:
        assert not source.paced
        for _ in range(SEGMENTS * EACH):
            frame = source.read()
            shown.append((frame.index, frame.pts, live.now))
        with pytest.raises(SourceUnavailable, match="it ended"):
            source.read()
    assert [index for index, *_ in shown] == list(range(80))
    assert [pts for _, pts, _ in shown] == pytest.approx([n / 25 for n in range(80)], abs=0.001)
    assert [at for *_, at in shown] == pytest.approx([n / 25 for n in range(80)], abs=0.01)


def test_what_comes_too_late_is_shown_from_there_and_told(tmp_path: Path) -> None:
    """A stall of 5 s, of which 1.2 s were in hand; then it goes on frame by frame."""
    live = Broadcast(tmp_path)
    at = []
    with (
        site(live.pages) as server,
        opened(server, "/live.m3u8", clock=live.clock, sleep=live.sleep) as source,
        structlog.testing.capture_logs() as logs,
    ):
        for index in range(SEGMENTS * EACH):
            if index == 30:
                live.now += 5.0
            source.read()
            at.append(live.now)
    assert [entry["log_level"] for entry in logs if "late" in entry["event"]] == ["warning"]
    assert logs[0]["late_s"] == pytest.approx(5.0, abs=0.1)
    steps = [after - before for before, after in pairwise(at[30:])]
    assert steps == pytest.approx([0.04 * 0.98] * 49, abs=0.001)


def test_a_finished_playlist_is_a_recording(tmp_path: Path) -> None:
    """It has an end, and starts at its beginning, not at the last segments."""
    live = Broadcast(tmp_path)
    live.pages["/all.m3u8"] = file(playlist("".join(map(entry, range(SEGMENTS))), over=True), PLAYLIST)
    with site(live.pages) as server, opened(server, "/all.m3u8") as source:
        assert source.paced
        frames = list(iter(source.read, None))
    assert times(frames) == pytest.approx([n / 25 for n in range(80)], abs=0.001)


def test_of_several_variants_the_largest_is_shown(tmp_path: Path) -> None:
    """Though others stand before it: a face of few pixels tells little."""
    pages = {}
    for name, size in (("small", (64, 48)), ("large", (128, 96)), ("middle", (96, 72))):
        made = film(tmp_path / f"{name}.ts", images=[picture(n, size) for n in range(10)], options={"bf": "0"})
        pages[f"/{name}.ts"] = file(made.read_bytes(), "video/mp2t")
        pages[f"/{name}.m3u8"] = file(playlist(f"#EXTINF:0.4,\n/{name}.ts\n", over=True), PLAYLIST)
    variants = "".join(f"#EXT-X-STREAM-INF:BANDWIDTH=1000\n/{name}.m3u8\n" for name in ("small", "large", "middle"))
    pages["/all.m3u8"] = file(f"#EXTM3U\n{variants}".encode(), PLAYLIST)
    with site(pages) as server, opened(server, "/all.m3u8") as source:
        assert {frame.size for frame in iter(source.read, None)} == {(128, 96)}


LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n",
    "key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{name}"\n#EXTINF:1,\n/0.ts\n#EXT-X-ENDLIST\n',
    "concat": "ffconcat version 1.0\nfile '{name}'\n",
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    "prefix", ["", "file:", "file://", "subfile,,start,0,end,0,,:", "concat:", "crypto:", "async:"]
)
def test_a_playlist_leads_to_no_file_of_this_machine(tmp_path: Path, kind: str, prefix: str) -> None:
    """Whatever it is, wherever it comes from."""
    live = Broadcast(tmp_path)
    body = LISTS[kind].format(name=f"{prefix}{tmp_path / '1.ts'}").encode()
    live.pages["/a"] = file(body, PLAYLIST)
    with site(live.pages) as server, tcp(body) as address:
        for url in (f"http://{server.address}/a", f"{address}/a.m3u8"):
            assert until_lost(UrlSource(url, lambda: 0.0, LIMIT, stall_seconds=2.0))[0] == []


def test_a_playlist_whose_segments_do_not_come_has_failed(tmp_path: Path) -> None:
    """The stall time is for each request that FFmpeg makes."""
    pages = {"/a": file(playlist(entry(0) + entry(1), over=True), PLAYLIST), "/0.ts": mute, "/1.ts": mute}
    with site(pages) as server:
        frames, why = until_lost(UrlSource(f"http://{server.address}/a", lambda: 0.0, LIMIT, stall_seconds=0.3))
    assert frames == []
    assert "cannot be opened" in why
