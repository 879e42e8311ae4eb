"""Subscribes to `smoothed/`, `status/`; writes tables of faces and frames; publishes `ack/`.

`python -m recorder FILE --out FOLDER` runs a private pipeline for recordings. Start reading at `journal.py`.
"""
