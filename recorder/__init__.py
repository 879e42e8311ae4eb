"""Subscribes to `smoothed/`, `status/`; writes tables of faces and frames; publishes `ack/`.

`python -m recorder FILE --out FOLDER` runs a private pipeline for recordings. Start reading at `recording.py`.
"""

from recorder.api import Recorded, read, record

__all__ = ["Recorded", "read", "record"]
