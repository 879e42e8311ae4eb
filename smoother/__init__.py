"""Hears `faces/`, `emotions/`, `gone/`, `status/`; keeps order and identity, smooths; says `smoothed/<source>/`.

It owns order, identity and smoothing of every source, and its answer for a frame is that frame's acknowledgement.
Start reading at `assembly.py`.
"""
