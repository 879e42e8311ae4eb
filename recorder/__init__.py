"""Subscribes to `smoothed/`, `status/`; writes tables of faces and frames; publishes `ack/`.

`python -m recorder FILE --out FOLDER` runs a private pipeline for recordings. Start reading at `recording.py`.
"""

from shared.extras import explain_missing

explain_missing("recorder")

from recorder.api import Recorded, read, record  # noqa: E402 — what it imports may be missing

__all__ = ["Recorded", "read", "record"]
