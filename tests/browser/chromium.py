"""A headless Chromium, driven over its DevTools protocol.

Also takes the documentation's pictures of a running dashboard, once its timelines have begun:
`python -m tests.browser.chromium http://127.0.0.1:8000 1280x800 docs/images/dashboard.png --scheme light`
"""

import argparse
import base64
import contextlib
import json
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import connect

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_WAIT_S = 30.0


class RefusedError(Exception):
    """The browser did not carry out a command."""


class Chromium:
    """One page of one browser, started with further flags.

    `faults` are the errors that the page's scripts and policies caused.
    """

    def __init__(self, *flags: str):
        self.faults: list[Any] = []
        self._flags = flags
        self._stack = contextlib.ExitStack()
        self._calls = 0

    def __enter__(self) -> "Chromium":
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            command = ["chromium", *_FLAGS, *self._flags, f"--user-data-dir={folder}", "about:blank"]
            browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(_end, browser)
            self._socket = stack.enter_context(
                connect(_page(_port(Path(folder) / "DevToolsActivePort")), max_size=None)
            )
            for domain in ("Runtime", "Log", "Page"):
                self.call(f"{domain}.enable")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def call(self, method: str, **params: object) -> Any:
        """One DevTools command; returns its result. Raises RefusedError."""
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv(timeout=_WAIT_S))
            if said.get("method") == "Runtime.exceptionThrown":
                self.faults.append(said["params"]["exceptionDetails"])
            elif said.get("method") == "Log.entryAdded" and said["params"]["entry"]["level"] == "error":
                self.faults.append(said["params"]["entry"])
            elif said.get("id") == self._calls:
                if "error" in said:
                    raise RefusedError(f"{method}: {said['error']}")
                return said["result"]

    def open(self, url: str, size: tuple[int, int]) -> None:
        """Go to an address in a window of (width, height)."""
        width, height = size
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.value("window.left = true")
        self.call("Page.navigate", url=url)
        self.wait_for("!window.left && document.readyState === 'complete'")

    def value(self, expression: str) -> object:
        """What a JavaScript expression, or the promise it is, comes to."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise ValueError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Return when a JavaScript condition holds, tried at every frame until it neither throws nor fails.

        Raises TimeoutError.
        """
        until = time.monotonic() + _WAIT_S
        while not self._holds(condition):
            if time.monotonic() > until:
                raise TimeoutError(f"{condition}; the page shows: {self.value('document.body.innerText')}")

    def _holds(self, condition: str) -> bool:
        try:
            return bool(
                self.value(f"new Promise(requestAnimationFrame).then(() => !!({condition})).catch(() => false)")
            )
        except RefusedError:  # the page was left meanwhile
            return False

    def picture(self, path: Path) -> None:
        """Save what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


def _port(path: Path) -> str:
    until = time.monotonic() + _WAIT_S
    while not path.exists() or not path.read_text().strip():
        if time.monotonic() > until:
            raise TimeoutError("chromium did not start")
        time.sleep(0.02)
    return path.read_text().split()[0]


def _page(port: str) -> str:
    """The DevTools address of the one page, which a browser may list a moment after it listens."""
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_WAIT_S) as answer:
            for target in json.load(answer):
                if target["type"] == "page":
                    return str(target["webSocketDebuggerUrl"])
        time.sleep(0.02)
    raise TimeoutError("chromium has no page")


def _end(browser: "subprocess.Popen[bytes]") -> None:
    browser.terminate()
    try:
        browser.wait(5)
    except subprocess.TimeoutExpired:
        browser.kill()
        browser.wait()


def _take_picture(arguments: argparse.Namespace) -> None:
    with Chromium() as window:
        width, height = map(int, arguments.size.split("x"))
        window.call(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": arguments.scheme}]
        )
        window.open(arguments.url, (width, height))
        shown = f"document.querySelector({arguments.show!r})"
        window.wait_for("document.querySelector('.face, .tile')")
        if arguments.click:
            window.value(f"document.querySelector({arguments.click!r}).click()")
        time.sleep(arguments.seconds)
        window.wait_for(shown)
        window.picture(arguments.file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Takes a picture of a dashboard.")
    parser.add_argument("url")
    parser.add_argument("size", help="of the window, as 1280x800")
    parser.add_argument("file", type=Path)
    parser.add_argument("--scheme", choices=["dark", "light"], default="dark")
    parser.add_argument("--click", metavar="SELECTOR", help="what to click first")
    parser.add_argument("--show", metavar="SELECTOR", default=".face:not(.away), .tile", help="what to wait for")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to wait while the timelines fill")
    _take_picture(parser.parse_args())
