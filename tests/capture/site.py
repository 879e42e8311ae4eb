"""Servers of streams and files, on this host, and what a source makes of them."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from capture.sources import Frame, HttpSource, SourceUnavailable, UrlSource

Page = Callable[[BaseHTTPRequestHandler], None]


class Site(ThreadingHTTPServer):
    """Answers by path, as `pages` say; `asked` are the paths and ranges of the requests, in order."""

    daemon_threads = True

    def __init__(self, pages: Mapping[str, Page]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages
        self.asked: list[tuple[str, str | None]] = []
        self.over = threading.Event()

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Range"]))
        page = self.server.pages.get(self.path)
        with contextlib.suppress(OSError):  # whoever asked has heard enough
            if page is None:
                self.send_error(404)
            else:
                page(self)


def sends(kind: str | None, body: bytes, *, then: str = "ends") -> Page:
    """Sends a body without saying how long it is, then closes the connection, or `waits` until the site is over."""

    def page(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if kind is not None:
            request.send_header("Content-Type", kind)
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(body)
        request.wfile.flush()
        if then == "waits":
            request.server.over.wait(30)  # type: ignore[attr-defined]  # a Site

    return page


def file(body: bytes, kind: str = "application/octet-stream", *, gives_parts: bool = True) -> Page:
    """Sends a file of known length, or the part asked for."""

    def page(request: BaseHTTPRequestHandler) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"] or "") if gives_parts else None
        at = int(wanted[1]) if wanted else 0
        request.send_response(206 if wanted else 200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body) - at))
        if gives_parts:
            request.send_header("Accept-Ranges", "bytes")
        if wanted:
            request.send_header("Content-Range", f"bytes {at}-{len(body) - 1}/{len(body)}")
        request.end_headers()
        request.wfile.write(body[at:])

    return page


def mute(request: BaseHTTPRequestHandler) -> None:
    """Never answers."""
    request.server.over.wait(30)  # type: ignore[attr-defined]  # a Site


def jpeg(grey: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture of one colour."""
    return cv2.imencode(".jpg", np.full((size[1], size[0], 3), grey, np.uint8))[1].tobytes()


@contextlib.contextmanager
def site(pages: Mapping[str, Page]) -> Iterator[Site]:
    """The server, running."""
    with Site(pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def until_lost(source: UrlSource | HttpSource) -> tuple[list[Frame], str]:
    """A stream's frames, and what its failure is called."""
    frames: list[Frame] = []
    why = ""
    try:
        source.open()
        while (frame := source.read()) is not None:
            frames.append(frame)
    except SourceUnavailable as error:
        why = str(error)
    finally:
        source.close()
    assert "\n" not in why
    assert "secret" not in why
    return frames, why


@contextlib.contextmanager
def tcp(*bodies: bytes) -> Iterator[str]:
    """The address of a server that sends to its n-th client the n-th body."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for body in bodies:
                client, _ = server.accept()
                with client, contextlib.suppress(OSError):
                    client.sendall(body)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        thread.join()
