"""Hears `smoothed/` and `status/`, and `preview/` while a browser watches; shows them as a page, JSON and metrics.

Says `control/` and `camera/` when viewers bring sources along. It sends data only to viewers, and stores what they
upload or have recorded.
Start reading at `state.py`.
"""
