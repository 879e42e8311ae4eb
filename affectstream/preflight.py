"""Checks everything that a start needs, once, before any process is launched: `python -m affectstream.preflight`.

Prints what is wrong, all of it, a line each, and ends with 2; says nothing if all is well.
"""

import shutil
import sys
from collections.abc import Callable, Iterator

from capture.names import parse_sources
from capture.sources import path_exists
from classifier.release import MODELS, load_release
from dashboard import server
from dashboard.rules import parse_rules
from detector.weights import load_networks
from shared import locks
from shared.compute import choose_device
from shared.errors import AffectError, ConfigurationError
from shared.identity import software
from shared.runtime_dir import prepare_runtime_dir
from shared.settings import Settings, load_settings

LEAST_FREE_MB = 50
"""For sockets, state and compiled code."""


def main() -> int:
    """Entry point."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        faults = [str(error)]
    else:
        faults = list(find_faults(settings))
    for fault in faults:
        print(f"affectstream: {fault}", file=sys.stderr)
    return 2 if faults else 0


def find_faults(settings: Settings) -> Iterator[str]:
    """What would keep a stage from starting with these settings."""
    checks: tuple[Callable[[], object], ...] = (
        lambda: parse_sources(settings.capture_source, lambda _: False, path_exists),
        lambda: _room_in(settings),
        lambda: server.bind(settings.dashboard_host, settings.dashboard_port).close(),
        lambda: parse_rules(settings.dashboard_rules),
        lambda: settings.device in ("auto", "cpu") or choose_device(settings.device),
        lambda: load_release(settings.classifier_model, MODELS),
        load_networks,
    )
    for check in checks:
        try:
            check()
        except AffectError as error:
            yield str(error)


def _room_in(settings: Settings) -> None:
    folder = prepare_runtime_dir(settings.runtime_dir)
    with locks.share_version(folder, software()):
        locks.take(folder, "bus", "the bus").release()
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_MB * 1_000_000:
        raise ConfigurationError(
            f"AFFECT_RUNTIME_DIR={str(folder)!r}: {free // 1_000_000} MB are free there, {LEAST_FREE_MB} are needed"
        )


if __name__ == "__main__":
    sys.exit(main())
