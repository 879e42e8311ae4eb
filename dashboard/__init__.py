"""Hears `smoothed/` and `status/`, and `preview/` while a browser watches; shows them as a page, JSON and metrics.

Says only its own `status/`. It stores nothing, and sends data only to viewers.
Start reading at `state.py`.
"""
