"""The messages about frames as frozen structs; docs/protocol.md describes them in prose.

Results, which everybody may listen to, are in results.py; `Status` is in status.py.

Decoding checks field types and reports the path of a wrong one. Unknown keys are ignored.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROTOCOL_VERSION: Literal[1] = 1
EMOTIONS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SOURCE_PATTERN = r"^[a-z0-9_-]{1,32}$"

SourceName = Annotated[str, Meta(pattern=SOURCE_PATTERN)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Exact in every language, including JavaScript."""
Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
"""Not infinite, not NaN."""
Box = tuple[Finite, Finite, Finite, Finite]
Point = tuple[Finite, Finite]
Landmarks = tuple[Point, Point, Point, Point, Point]
Probs = tuple[Finite, Finite, Finite, Finite, Finite, Finite, Finite]
Size = tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]]


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of every message; `v` is the protocol version."""

    v: Literal[1] = PROTOCOL_VERSION


class Image(msgspec.Struct, frozen=True):
    """C-contiguous BGR pixels: `shape` (height, width, 3), `dtype` uint8, `data` the raw bytes."""

    shape: tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)], Literal[3]]
    dtype: Literal["uint8"]
    data: memoryview

    def __post_init__(self) -> None:
        expected = self.shape[0] * self.shape[1] * self.shape[2]
        if self.data.nbytes != expected:
            raise ValueError(f"shape {self.shape} needs {expected} bytes, data has {self.data.nbytes}")

    @classmethod
    def of(cls, pixels: "NDArray[np.uint8]") -> "Image":
        """Wrap (H, W, 3) uint8 BGR pixels; copies only if they are not C-contiguous."""
        import numpy as np  # here, as a supervisor starts faster without

        pixels = np.ascontiguousarray(pixels)
        height, width, _ = pixels.shape
        return cls((height, width, 3), "uint8", pixels.data.cast("B"))

    def pixels(self) -> "NDArray[np.uint8]":
        """The (H, W, 3) uint8 BGR array over the same memory, read-only if that is."""
        import numpy as np

        return np.frombuffer(self.data, np.uint8).reshape(self.shape)


class Header(TypedDict):
    """The keys that every message about a frame repeats."""

    source: str
    epoch: int
    seq: int
    prev: int | None
    acked: int | None
    pts: float
    captured_ns: int
    live: bool
    end: bool


class FrameMessage(Message, frozen=True, kw_only=True, gc=False):
    """Base of the messages about one frame; `seq` counts within one `epoch` of one `source`."""

    source: SourceName
    epoch: Count
    seq: Count
    prev: Count | None
    """The frame sent before this one; None for the first."""
    acked: Count | None
    """All frames up to this one have been acknowledged to the capture."""
    pts: Finite
    """Media time in seconds; live: since the epoch's start."""
    captured_ns: int
    """Wall-clock time, comparable on one host."""
    live: bool
    end: bool

    def __post_init__(self) -> None:
        acked, prev = (-1 if number is None else number for number in (self.acked, self.prev))
        if not acked <= prev < self.seq:
            raise ValueError(f"acked {self.acked}, prev {self.prev} and seq {self.seq} are out of order")

    def header(self) -> Header:
        """The header for the next message about this frame."""
        return Header(
            source=self.source,
            epoch=self.epoch,
            seq=self.seq,
            prev=self.prev,
            acked=self.acked,
            pts=self.pts,
            captured_ns=self.captured_ns,
            live=self.live,
            end=self.end,
        )


class Frame(FrameMessage, frozen=True, kw_only=True):
    """`frame/<detector>/`: pixels to search for faces."""

    image: Image
    classify: bool
    scan: bool = True
    hints: list[Box] = []
    """Boxes of faces a moment ago ..."""
    hint_ids: list[Count | None] = []
    """... and their tracks; None for those without an id yet."""
    turn: Count = 0
    """The number of this classified frame ..."""
    turns: Count = 1
    """... and the most in a row among which the faces of a crowd take turns."""
    max_side: Count | None = None
    """Longest side at which to search, if smaller than the detector's own setting."""
    deadline_ms: Finite | None = None
    """Drop the frame if work on it has not begun this long after its arrival; None: never."""
    signature: list[int] = []
    """Coarse colours for detecting hard cuts (shared/scene.py); empty: the detector computes its own."""


class Preview(FrameMessage, frozen=True, kw_only=True):
    """`preview/<source>/`: a small JPEG of the frame; `size` is the (width, height) of the frame as sent."""

    jpeg: bytes
    size: Size


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """One detected face, in pixels of the frame; `classify`: its emotions follow; `thumbnail`: 16 x 16 grey values."""

    face: Count
    xyxy: Box
    confidence: Finite
    landmarks: Landmarks
    classify: bool
    thumbnail: Annotated[bytes, Meta(max_length=256)] = b""


class Faces(FrameMessage, frozen=True, kw_only=True):
    """`faces/<source>/`: all faces of a frame."""

    faces: list[Face]
    size: Size
    classify: bool
    worker: str
    detect_ms: Finite
    classifiers: list[str] = []
    """The classifiers that were sent this frame's crops."""
    signature: list[int] = []
    """As in `frame/`; empty: unknown."""
    scanned: bool = True
    """The whole frame was searched; otherwise faces away from the hints may be missing."""
    left_out: Count = 0
    """Further faces, above the detector's limit."""


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How well a face can be seen in its frame; detector/quality.py defines each measure."""

    size: Finite
    """The smaller side of the face's box in pixels of the frame."""
    sharpness: Finite
    noise: Finite
    """Both as shares of `contrast`."""
    brightness: Finite
    """The mean of the face's grey values, 0..255, ..."""
    contrast: Finite
    """... and their standard deviation."""
    roll: Finite
    """Degrees by which the head is tilted, clockwise."""
    turned: Finite
    """The distance from the eyes to the mouth in distances of the eyes: larger the further the head is turned aside."""
    mouth: Finite
    """The texture around the mouth as a share of that around the eyes; near 0 where the mouth is covered."""


Reason = Literal["too small", "too dark", "blurred", "turned away", "covered"]
"""What most keeps a face from being read."""


class Crop(msgspec.Struct, frozen=True, kw_only=True):
    """A square around one face; `xyxy` are the crop's corners in the frame, possibly outside it."""

    face: Count
    xyxy: Box
    image: Image
    roll: Finite = 0.0
    """By how many degrees the square was turned about its centre, clockwise, so that the face is upright."""
    quality: Quality | None = None
    """None: unknown."""


class Crops(FrameMessage, frozen=True, kw_only=True):
    """`crops/<classifier>/`: faces to classify; `deadline_ms` as in `frame/`."""

    crops: list[Crop]
    deadline_ms: Finite | None = None


class Emotion(msgspec.Struct, frozen=True, kw_only=True):
    """One face's emotions, in the order of EMOTIONS; `probs` sum to 1, temperature applied."""

    face: Count
    probs: Probs
    logits: Probs
    quality: Quality | None = None
    """As in `crops/`."""
    reason: Reason | None = None
    """Why the face cannot be read at this quality; None: it can."""


class Emotions(FrameMessage, frozen=True, kw_only=True):
    """`emotions/<source>/`: a classifier's results for the crops it was sent."""

    emotions: list[Emotion]
    model: str
    worker: str
    classify_ms: Finite


class Gone(FrameMessage, frozen=True, kw_only=True):
    """`gone/<source>/`: the capture gives this frame up."""

    reason: Literal["deadline", "failed", "ended"]


DropReason = Literal["given up", "late", "full"]


class Dropped(FrameMessage, frozen=True, kw_only=True, gc=False):
    """`dropped/<source>/`: a worker dropped this frame, or its crops, without working on it.

    `given up`: by its capture; `late`: its deadline has passed; `full`: the worker's backlog was full.
    """

    worker: str
    reason: DropReason
