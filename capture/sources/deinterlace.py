"""Deinterlacing by FFmpeg's bwdif filter: one whole picture for each frame of two fields."""

from collections import deque
from fractions import Fraction
from typing import Generic, TypeVar

import av
from av.filter import Graph
from av.video.frame import VideoFrame

Item = TypeVar("Item")

_SMALLEST = 4  # bwdif's least height and width


class Deinterlacer(Generic[Item]):
    """Passes frames on in order, each with the item given with it; interlaced ones become progressive.

    An interlaced frame comes one late, as the filter looks at the frames before and after. Its picture depends on these
    three alone, and progressive frames are passed on untouched.
    """

    def __init__(self, time_base: Fraction):
        self._time_base = time_base
        self._graph: Graph | None = None
        self._waiting: deque[Item | None] = deque()
        self._geometry: tuple[int, int, str] | None = None
        self._before: VideoFrame | None = None  # the last frame, while it is progressive

    def push(self, item: Item, frame: VideoFrame) -> list[tuple[Item, VideoFrame]]:
        """Give the next frame; returns those that are ready."""
        ready: list[tuple[Item, VideoFrame]] = []
        geometry = frame.width, frame.height, frame.format.name
        if geometry != self._geometry:
            ready += self.flush()
            self._geometry, self._before = geometry, None
        if frame.interlaced_frame and min(geometry[:2]) >= _SMALLEST:
            if self._graph is None:
                self._graph = self._opened(frame)
                if self._before is not None:
                    self._filtered(self._graph, None, self._before)
            return ready + self._filtered(self._graph, item, frame)
        if self._graph is not None:
            ready += self._filtered(self._graph, None, frame)
            self._drop()
        self._before = frame
        return [*ready, (item, frame)]

    def flush(self) -> list[tuple[Item, VideoFrame]]:
        """The frame still waiting for a next one, at the stream's end."""
        ready = [] if self._graph is None else self._filtered(self._graph, None, None)
        self._drop()
        return ready

    def _drop(self) -> None:
        self._graph = None
        self._waiting.clear()

    def _opened(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._time_base
        )
        # all: the filter treats the first frame it deinterlaces differently, so that must not depend on where it began
        bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=all")
        graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        return graph

    def _filtered(self, graph: Graph, item: Item | None, frame: VideoFrame | None) -> list[tuple[Item, VideoFrame]]:
        graph.vpush(frame)
        if frame is not None:
            self._waiting.append(item)
        ready = []
        while self._waiting:
            try:
                picture = graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            done = self._waiting.popleft()
            if done is not None:
                ready.append((done, picture))
        return ready
