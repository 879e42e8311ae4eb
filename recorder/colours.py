"""Colours of labels and people, as `#rrggbb`."""

LABEL_COLOURS = {
    "angry": "#c8252b",
    "disgust": "#448a74",
    "fear": "#7d4fc0",
    "happy": "#f6d85d",
    "neutral": "#9da5ab",
    "sad": "#66b6fd",
    "surprise": "#dd9238",
}
"""The page's hues (dashboard/static/faces.js), apart in lightness too: any two differ by 0.096 or more in OKLab, also
as seen without red, green or blue cones (Machado et al. 2009, severity 1)."""

_PEOPLE = ("#5ad1c8", "#ffb86b", "#b79cff", "#8fd16a", "#ff8fa3", "#7fb8ff", "#f2d45c", "#d9a6e8")


def colour_of(track_id: int) -> str:
    """A person's colour, the same as on the page."""
    return _PEOPLE[(track_id - 1) % len(_PEOPLE)]


def bgr(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as OpenCV has it."""
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)
