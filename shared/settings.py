"""The settings, from `AFFECT_` variables, `.env`, or these defaults; docs/settings.md and .env.example repeat them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared import values
from shared.endpoints import check_endpoint, check_token
from shared.errors import ConfigurationError
from shared.runtime_dir import default_runtime_dir
from shared.viewer_settings import ViewerSettings

PREFIX = "AFFECT_"


class Settings(ViewerSettings):
    """The settings of all stages, validated and frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    runtime_dir: Path = Field(
        default_factory=default_runtime_dir,
        description="Sockets, locks and state, mode 0700; default `$XDG_RUNTIME_DIR/affectstream`, else `/tmp/affectstream-<user id>`.",
    )
    bus_in: str = Field("", description="Where publishers connect; default `ipc://<runtime>/bus.in`.")
    bus_out: str = Field("", description="Where subscribers connect; default `ipc://<runtime>/bus.out`.")
    bus_keys: Path | None = Field(
        None, description="Folder of CURVE keys; required for a `tcp://` address that is not loopback."
    )
    bus_hwm: int = Field(
        256,
        ge=8,
        le=100_000,
        description="High-water mark: messages queued for a subscriber that does not read; above the sum of all windows.",
    )

    capture_source: str = Field(
        "auto",
        description="`auto`, `demo`, a device index, a file, an image or folder, an `rtsp://` or `http://` URL; or a comma-separated list of these, each optionally `name=`…",
    )
    capture_mode: Literal["live", "replay"] = Field(
        "live",
        description="Files and demo: `live` (paced, newest wins) or `replay` (every frame, at full speed).",
    )
    capture_at_end: Literal["loop", "hold", "exit"] = Field(
        "loop", description="At the end of a file: `loop`, `hold` (send nothing more) or `exit`."
    )
    capture_ack: Literal["smoother", "recorder"] = Field(
        "smoother",
        description="Whose acknowledgement frees a frame: the smoother's result, or rows on disk (your program publishes `ack/`, see docs/protocol.md).",
    )
    capture_start: float = Field(0.0, ge=0, description="Files: the second at which to begin, from the first frame.")
    capture_end: float | None = Field(
        None, gt=0, description="Files: the second before which to end; empty: at the last frame."
    )
    capture_seconds_per_image: float = Field(
        1.0,
        gt=0,
        le=3600,
        description="Time between the images of a folder, and between two looks at a picture behind a URL.",
    )
    capture_stall_seconds: float = Field(
        5.0,
        ge=0.5,
        le=600,
        description="Timeout after which a silent network stream is reopened; a silent camera is waited for.",
    )
    capture_size: Annotated[tuple[int, int] | None, NoDecode, BeforeValidator(values.size)] = Field(
        None, description="Width and height asked of a camera, as in `1280x720`; empty: what it gives by itself."
    )
    capture_fps: float | None = Field(
        None, gt=0, le=1000, description="Frames per second asked of a camera; empty: what it gives by itself."
    )
    capture_options: str = Field(
        "", description="FFmpeg's options for URLs, as in `rtsp_transport=udp,analyzeduration=1000000`."
    )
    max_pixels: int = Field(40_000_000, ge=1, description="Larger images and videos are refused.")
    window: Annotated[int | Literal["auto"], NoDecode, BeforeValidator(values.window)] = Field(
        "auto",
        description="Limit on a source's frames in flight; `auto` follows the number of workers. In replay at most `AFFECT_HINT_LAG`, unless `AFFECT_SCAN_SECONDS=0`.",
    )
    window_mb: int = Field(256, ge=1, le=65_536, description="Limit on a source's frames in flight, in megabytes.")
    deadline_ms: int = Field(
        500,
        ge=20,
        le=60_000,
        description="Least time before a live frame is given up; longer if workers need longer.",
    )
    preview_width: int = Field(960, ge=16, le=7680, description="Largest width of a preview JPEG, in pixels.")
    preview_fps: float = Field(15.0, gt=0, le=240, description="Limit on a source's previews per second.")

    min_face_size: int = Field(
        40,
        ge=12,
        le=2000,
        description="Smallest face to detect, in pixels at the size searched (`AFFECT_DETECT_MAX_SIDE`).",
    )
    detect_thresholds: Annotated[tuple[float, float, float], NoDecode, BeforeValidator(values.thresholds)] = Field(
        (0.6, 0.7, 0.6),
        description="MTCNN's score thresholds for P-Net, R-Net, O-Net; the last is the least confidence of a detected face.",
    )
    detect_confidence: float = Field(0.8, ge=0, le=1, description="Faces below it are tracked but not classified.")
    scan_seconds: float = Field(
        0.25,
        ge=0,
        le=60,
        description="Seconds between searches of the whole frame (each cut triggers one, too); other frames are searched only near the faces of the last half second. 0: every frame is searched whole.",
    )
    hint_lag: int = Field(
        4,
        ge=1,
        le=1000,
        description="In replay with `AFFECT_SCAN_SECONDS` above 0: those faces come from at least this many frames earlier, which also limits a source's frames in flight.",
    )
    detect_max_side: int = Field(
        1920,
        ge=0,
        le=20_000,
        description="Larger frames are searched scaled down to this longest side; 0: never.",
    )
    detect_turned: bool = Field(
        False,
        description="Whole frames are also searched turned by 90, 180 and 270 degrees: for cameras on their side and people who lie down. Such a search takes four times as long.",
    )
    max_faces: int = Field(
        256,
        ge=1,
        le=1000,
        description="Limit on faces per frame: those already followed come first, then the largest; the rest are only counted.",
    )
    crop_max_side: int = Field(256, ge=48, le=2048, description="Larger crops are scaled down to this.")

    classify_every: int = Field(
        3,
        ge=1,
        le=1000,
        description="Every n-th frame of a source is classified; below 30 frames per second more of them, so that no more than n/30 seconds pass between two.",
    )
    classify_faces: int = Field(
        32,
        ge=1,
        le=1000,
        description="If a frame has more faces than this, they are classified by turns, about so many at a time, and more if a round would take over a second.",
    )
    classifier_model: str = Field("emotion-net", description="A name in `models/`, or a path to a released model.")
    classify_batch: int = Field(
        32, ge=1, le=1024, description="Limit on crops answered together; network batches hold up to 8."
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto",
        description="Where the networks run: `cpu`, `cuda`, `mps` (the classifier alone), or the best available.",
    )
    threads: int = Field(1, ge=1, le=256, description="CPU threads of one detector or classifier worker.")

    smoothing: float = Field(
        0.7,
        ge=0,
        lt=1,
        description="Weight of the past when classified frames are 0.1 s apart; 0 turns smoothing off.",
    )
    label_lead: float = Field(
        0.5,
        ge=0,
        le=1,
        description="A face's label changes when another one's smoothed probability is larger by this much …",
    )
    label_seconds: float = Field(
        0.4,
        ge=0,
        le=60,
        description="… or is the largest and has been so in each frame alone for this long, in seconds of media time.",
    )

    dashboard_host: str = Field("127.0.0.1", description="Address the dashboard binds to.")
    dashboard_port: int = Field(8000, ge=0, le=65_535, description="Port of the dashboard; 0 picks a free one.")
    dashboard_token: str = Field(
        "",
        description="Token every viewer must give, 16 or more letters, digits and `-._~`; empty: on loopback none is asked for, on any other address one is made and printed.",
    )
    dashboard_token_file: Path | None = Field(
        None, description="File that holds the token instead, such as a container's secret or a service's credential."
    )

    dashboard_https: bool = Field(
        False, description="Serve HTTPS with a certificate made for this machine; phones allow their camera only so."
    )

    log_format: Literal["auto", "console", "json"] = Field(
        "auto",
        description="`console` for people, `json` for machines; `auto`: `console` on a terminal (never under honcho, so `make run` checks instead).",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged: `debug`, `info`, `warning` or `error`."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_token(cls, given: dict[str, Any]) -> dict[str, Any]:
        if file := given.get("dashboard_token_file"):
            return given | {"dashboard_token": values.secret(Path(file), given.get("dashboard_token", ""))}
        return given

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        for name, endpoint in (("BUS_IN", self.bus_in_address), ("BUS_OUT", self.bus_out_address)):
            check_endpoint(PREFIX + name, endpoint, keys=self.bus_keys is not None)
        if self.bus_in_address == self.bus_out_address:
            raise ValueError(f"{PREFIX}BUS_IN and {PREFIX}BUS_OUT are both {self.bus_in_address!r}; they must differ")
        if self.window != "auto" and self.window > self.bus_hwm:
            raise ValueError(
                f"{PREFIX}WINDOW={self.window} is more than {PREFIX}BUS_HWM={self.bus_hwm}: the bus would drop frames"
            )
        if self.capture_end is not None and self.capture_end <= self.capture_start:
            raise ValueError(
                f"{PREFIX}CAPTURE_END={self.capture_end:g} is not behind {PREFIX}CAPTURE_START={self.capture_start:g}"
            )
        check_token(self.dashboard_token)
        return self

    @property
    def bus_in_address(self) -> str:
        """Where publishers connect."""
        return self.bus_in or f"ipc://{self.runtime_dir}/bus.in"

    @property
    def bus_out_address(self) -> str:
        """Where subscribers connect."""
        return self.bus_out or f"ipc://{self.runtime_dir}/bus.out"


DEFAULTS = Settings.model_construct()
"""The settings without environment and `.env`."""


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings; raises ConfigurationError with each bad variable, its value and the allowed ones."""
    try:
        names = [*os.environ, *dotenv_values(cast(str, Settings.model_config["env_file"]))]
        values.refuse_unknown(names, list(Settings.model_fields), PREFIX)
        return Settings(**cast(dict[str, Any], dict(overrides or {})))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f".env: is not UTF-8 at its byte {error.start}") from None
    except ValidationError as error:
        raise ConfigurationError("; ".join(_explain(cast(dict[str, Any], fault)) for fault in error.errors())) from None


def _explain(fault: dict[str, Any]) -> str:
    message = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return cast(str, message)
    name = str(fault["loc"][0])
    allowed = "" if "allowed" in message else f" (allowed: {values.allowed(Settings.model_fields[name])})"
    return f"{PREFIX}{name.upper()}={fault['input']!r}: {message}{allowed}"
