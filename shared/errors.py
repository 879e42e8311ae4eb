"""The project's few exceptions. Each message carries the value that was wrong and the remedy."""


class AffectError(Exception):
    """Root of everything this project raises on purpose; ends a process with exit code 1."""

    exit_code = 1


class ConfigurationError(AffectError):
    """Something the user set or pointed at cannot work: a setting, a file, a model. Exit code 2, never retried."""

    exit_code = 2


class SourceError(ConfigurationError):
    """A source cannot be read at all: missing file, not a video, over the pixel limit."""


class ModelError(ConfigurationError):
    """Weights or their config are missing, of another architecture, or not safetensors."""


class MessageError(AffectError):
    """A message on the bus is malformed; says where in it."""

    def __init__(self, kind: str, detail: str):
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
