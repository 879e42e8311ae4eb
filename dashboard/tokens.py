"""The token that viewers need where none was chosen."""

import contextlib
import os
import secrets
from pathlib import Path

from shared.endpoints import SHORTEST_TOKEN, is_loopback

_BYTES = 24


def token_for(host: str, chosen: str, folder: Path, *, restarted: bool) -> str:
    """The token to ask for; "": none.

    Args:
        host: the address that the dashboard binds to; only loopback goes without a token.
        chosen: the one from the settings.
        folder: where a generated one is kept, mode 0600, so that the page's session outlives a crash of this process.
        restarted: whether this process takes the place of one that crashed; otherwise a new one is generated.
    """
    if chosen or is_loopback(host):
        return chosen
    path = folder / "token"
    if restarted:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            kept = path.read_text()
            if len(kept) >= SHORTEST_TOKEN:
                return kept
    token = secrets.token_urlsafe(_BYTES)
    with contextlib.suppress(OSError):  # a full disk: the next process generates another
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token)
    return token
