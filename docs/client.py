"""A small client of affectstream's dashboard: prints who shows what, as the results come.

    python client.py http://127.0.0.1:8000 [source …]

A token is read from the environment variable TOKEN. It needs Python 3.11 and the package websockets.
"""

import contextlib
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import connect


def get(url: str, token: str = "") -> Any:
    """What the dashboard answers to a GET; raises urllib.error.HTTPError if it refuses."""
    request = urllib.request.Request(url, headers=_headers(token))
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def results(url: str, sources: list[str], token: str = "") -> Iterator[dict[str, Any]]:
    """The results of some sources (none named: of all) as they come; `missed` says how many were left out before."""
    query = "?" + urlencode([("source", source) for source in sources]) if sources else ""
    with connect(f"ws{url.removeprefix('http')}/ws{query}", additional_headers=_headers(token)) as socket:
        for message in socket:
            yield json.loads(message)


def line(result: dict[str, Any]) -> str:
    """A result in words: the source, the time in it, and each face's number, label and largest probability."""
    faces = [
        f"face {face['track_id']} {face['label']} {max(face['smoothed']):.0%}"
        for face in result["faces"]
        if face["track_id"] is not None and face["label"]
    ]
    return f"{result['source']} {result['pts']:.2f} s: {', '.join(faces) or 'nobody'}"


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def main(url: str, *sources: str) -> None:
    """Say what there is, then follow it until Ctrl-C."""
    token = os.environ.get("TOKEN", "")
    for source in get(f"{url}/api/sources", token):
        print(f"{source['source']}: {source['words']}", flush=True)
    for result in results(url, list(sources), token):
        print(line(result), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
