"""Hears `faces/`, `emotions/`, `gone/`, `status/`; restores order, tracks faces, smooths; says `smoothed/<source>/`.

It owns the order, identity and smoothing of every source; its result for a frame acknowledges that frame.
Start reading at `assembly.py`.
"""
