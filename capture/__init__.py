"""Subscribes to `faces/`, `emotions/`, `dropped/`, `smoothed/`, `ack/`, `status/`; reads cameras and recordings;
publishes `frame/`, `preview/`, `gone/`.

A window per source limits its frames in flight to what keeps the workers busy.
Start reading at `window.py` for the life of a frame, and at `dispatch.py` for its scheduling.
"""
