"""The tables of a recording, as Arrow schemas; each column carries its unit and description in its metadata.

docs/recordings.md repeats them. Readers go by column name: columns may be added, `SCHEMA_VERSION` changes when a
meaning does.
"""

from typing import get_args

import pyarrow as pa

from shared.messages import EMOTIONS, Reason

SCHEMA_VERSION = 1
VERSION_KEY = b"affectstream.schema"
"""The key of `SCHEMA_VERSION` in the metadata of a Parquet file."""
LANDMARKS = ("eye_left", "eye_right", "nose", "mouth_left", "mouth_right")
"""In the order of `landmarks` on the wire; left is left in the picture of an upright face."""
RAW = tuple(f"raw_{label}" for label in EMOTIONS)
SMOOTHED = tuple(f"smoothed_{label}" for label in EMOTIONS)
REASONS: tuple[str, ...] = get_args(Reason)
"""Why a face could not be read."""
_MEASURES = {
    "size": ("px", "the smaller side of the face's box"),
    "sharpness": ("", "fine detail of the face, as a share of its contrast"),
    "noise": ("", "noise of the face, as a share of its contrast"),
    "brightness": ("", "mean grey value of the face, 0 to 255"),
    "contrast": ("", "standard deviation of the face's grey values"),
    "roll": ("degree", "tilt of the head, clockwise"),
    "turned": (
        "",
        "distance from eyes to mouth in distances of the eyes; larger the further the head is turned",
    ),
    "mouth": ("", "texture around the mouth as a share of that around the eyes"),
}
QUALITY = tuple(f"quality_{measure}" for measure in _MEASURES)
"""In the order of `shared.messages.Quality`."""


def _field(name: str, kind: pa.DataType, unit: str, description: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"unit": unit, "description": description})


def _schema(*fields: pa.Field) -> pa.Schema:
    return pa.schema(fields, metadata={VERSION_KEY: str(SCHEMA_VERSION)})


_KEY = (
    _field("source", pa.string(), "", "name of the source"),
    _field("seq", pa.int64(), "", "number of the frame, from 0"),
    _field("pts", pa.float64(), "s", "media time of the frame; the first frame is at 0"),
)

FACES = _schema(
    *_KEY,
    _field("track_id", pa.int64(), "", "the person's number, from 1; null until confirmed", nullable=True),
    *(
        _field(name, pa.float32(), "px", f"{side} edge of the face's box in the frame as shown")
        for name, side in (("x1", "left"), ("y1", "top"), ("x2", "right"), ("y2", "bottom"))
    ),
    _field("confidence", pa.float32(), "", "the detector's confidence that this is a face, 0 to 1"),
    *(
        _field(f"{point}_{axis}", pa.float32(), "px", f"{point.replace('_', ' ')}, {axis}")
        for point in LANDMARKS
        for axis in "xy"
    ),
    *(
        _field(name, pa.float32(), "", f"probability of {label} in this frame; null if not measured", nullable=True)
        for name, label in zip(RAW, EMOTIONS, strict=True)
    ),
    *(
        _field(name, pa.float32(), "", f"smoothed probability of {label}, standing since classified_pts", nullable=True)
        for name, label in zip(SMOOTHED, EMOTIONS, strict=True)
    ),
    _field("label", pa.string(), "", "the person's label; null before the first, and with a reason", nullable=True),
    _field("reason", pa.string(), "", "why there is no label: the face could not be read", nullable=True),
    _field("classified", pa.bool_(), "", "the probabilities were measured in this very frame"),
    _field("classified_pts", pa.float64(), "s", "media time of the last measurement; null before it", nullable=True),
    _field("first_pts", pa.float64(), "s", "media time at which this person was first seen"),
    *(
        _field(f"quality_{measure}", pa.float32(), unit, f"{text}; null if not measured", nullable=True)
        for measure, (unit, text) in _MEASURES.items()
    ),
)
"""One row per face and frame, sorted by `seq`, then as in the message."""

FRAMES = _schema(
    *_KEY,
    _field("faces", pa.int32(), "", "faces in this frame, each a row of the faces"),
    _field("left_out", pa.int32(), "", "further faces, above the detector's limit"),
    _field("classified", pa.bool_(), "", "emotions were to be measured in this frame"),
    _field("complete", pa.bool_(), "", "the frame was looked at; false: it was given up"),
    _field("width", pa.int32(), "px", "width of the frame as shown; null if it was given up", nullable=True),
    _field("height", pa.int32(), "px", "height of the frame as shown; null if it was given up", nullable=True),
)
"""One row per frame, sorted by `seq`."""
