"""The project's few exceptions. Each message carries the value that was wrong and the remedy."""


class AffectError(Exception):
    """Root of everything this project raises on purpose; ends a process with exit code 1."""

    exit_code = 1


class ConfigurationError(AffectError):
    """A setting, file or model that the user chose cannot work. Exit code 2, never retried."""

    exit_code = 2


class SourceError(ConfigurationError):
    """A source that can never be read: missing, not a video, over the pixel limit."""


class ModelError(ConfigurationError):
    """Weights or their config are missing, of the wrong architecture, or not safetensors."""


class MessageError(AffectError):
    """A malformed message on the bus; the text says where in it."""

    def __init__(self, kind: str, detail: str):
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
