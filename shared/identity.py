"""A process's identity on the bus."""

import os
import socket
import time
from importlib import metadata
from typing import Any, NamedTuple

from shared.messages import PROTOCOL_VERSION
from shared.status import Status
from shared.topics import Envelope

_HONCHO = "HONCHO_PROCESS_NAME"


class Identity(NamedTuple):
    """Identifies a process: `process` changes at every start, `name` is for display."""

    stage: str
    host: str
    pid: int
    name: str
    started_ns: int

    @property
    def process(self) -> str:
        """`<stage>-<host>-<pid>-<start>`, the key of its topics.

        `start` is in milliseconds, the last six hexadecimal digits: in containers pids are equal, host names may be.
        """
        return f"{self.stage}-{self.host}-{self.pid}-{self.started_ns // 1_000_000 % 16**6:06x}"

    def status(self, state: str, error: str | None = None, **facts: Any) -> Envelope:
        """This process's `status/` with `facts` as further keys."""
        status = Status(
            process=self.process,
            name=self.name,
            stage=self.stage,
            host=self.host,
            pid=self.pid,
            started_ns=self.started_ns,
            state=state,  # type: ignore[arg-type]  # one of Status's literals; decoding checks it
            error=error,
            **facts,
        )
        return Envelope("status", self.process, status)


def identify(stage: str) -> Identity:
    """This process's identity; under honcho, `name` is its Procfile name."""
    host = "".join(c if c.isalnum() or c in "-_." else "-" for c in socket.gethostname())[:48] or "host"
    return Identity(stage, host, os.getpid(), os.environ.get(_HONCHO) or stage, time.time_ns())


def under_honcho() -> bool:
    """Whether honcho started this process."""
    return _HONCHO in os.environ


def software() -> str:
    """The name of this version, which processes that share a runtime directory must have in common."""
    try:
        version = metadata.version("affectstream")
    except metadata.PackageNotFoundError:  # a checkout that was not installed
        version = "of unknown version"
    return f"affectstream {version} with protocol {PROTOCOL_VERSION}"
