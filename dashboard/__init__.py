"""Hears `smoothed/` and `status/`, and `preview/` while a browser watches; shows them as a page, JSON and metrics.

Says nothing but its own `status/`. Nothing it shows is stored or leaves this machine unasked.
Start reading at `state.py`.
"""
