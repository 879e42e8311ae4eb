"""Hears `faces/`, `emotions/`, `dropped/`, `smoothed/`, `ack/`, `status/`; reads cameras and recordings; says `frame/`,
`preview/`, `gone/`.

Each source has a window: it never has more frames between itself and the smoother than keep the workers busy.
Start reading at `window.py`, for what becomes of a frame, and `dispatch.py`, for who gets it.
"""
