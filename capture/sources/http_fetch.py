"""Fetches a picture behind a `http` or `https` URL."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    OpenerDirector,
    Request,
    build_opener,
)

from typing_extensions import override

from capture.names import redact
from capture.sources.frame import SourceUnavailable

_MOST_BYTES = 100 << 20
_MOST_S = 60.0
_CHUNK = 1 << 16
_LEFT = "%:/?#[]@!$&'()*+,;=~"  # reserved in RFC 3986, so not escaped
_NOT_MODIFIED = 304


@dataclass(frozen=True)
class Fetched:
    """An image file, and the headers that ask for it again only if it has changed."""

    content: bytes
    unless_same: dict[str, str]


class Fetcher:
    """Fetches one URL, with the user name and password in it (Basic or Digest), which no message repeats.

    `timeout_s` limits connecting and every wait for data.
    """

    def __init__(self, url: str, timeout_s: float):
        self._label = redact(url)
        self._timeout_s = timeout_s
        self._url, self._opener = _prepared(url)

    def fetch(self, before: Fetched | None = None) -> Fetched | None:
        """The image there; None if the server sends something else, more than an image has, or no proper HTTP.

        With `before`, that is returned if the server says that it is still the same.

        Raises:
            SourceUnavailable: no answer in time, or an error.
        """
        request = Request(self._url, headers={"User-Agent": "affectstream", **(before.unless_same if before else {})})  # noqa: S310 — http and https alone
        try:
            with self._opener.open(request, timeout=self._timeout_s) as response:
                if response.headers.get_content_maintype() != "image":
                    return None
                content = _limited(response)
                return None if content is None else Fetched(content, _unless_same(response.headers))
        except HTTPError as error:
            error.close()
            if before is not None and error.code == _NOT_MODIFIED:
                return before
            raise self._unavailable(f"{error.code} {error.reason}") from error
        except HTTPException:
            return None
        except (OSError, ValueError) as error:
            raise self._unavailable(error.reason if isinstance(error, URLError) else error) from error

    def _unavailable(self, reason: object) -> SourceUnavailable:
        return SourceUnavailable(f"{self._label}: cannot be opened ({redact(str(reason))})")


class _WithinHttp(HTTPRedirectHandler):
    @override
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            return None  # which makes it an HTTPError
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Digest(HTTPDigestAuthHandler):
    @override
    def http_error_401(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage) -> Any:
        return _closing(fp, lambda: super(_Digest, self).http_error_401(req, fp, code, msg, headers))


class _Basic(HTTPBasicAuthHandler):
    @override
    def http_error_401(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage) -> Any:
        return _closing(fp, lambda: super(_Basic, self).http_error_401(req, fp, code, msg, headers))


def _closing(refusal: IO[bytes], ask_again: Callable[[], Any]) -> Any:
    """The second answer, None if the refusal stands; urllib leaves the refusal's connection open otherwise."""
    second: Any = refusal
    try:
        second = ask_again()
        return second
    finally:
        if second is not None:
            refusal.close()


def _prepared(url: str) -> tuple[str, OpenerDirector]:
    """The URL without its user name and password, and what opens it with them, there alone."""
    parts = urlsplit(url)
    path, query = (quote(part, _LEFT, errors="surrogateescape") for part in (parts.path, parts.query))
    plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, ""))
    passwords = HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        passwords.add_password(None, plain, unquote(parts.username), unquote(parts.password or ""))
    return plain, build_opener(_WithinHttp(), _Digest(passwords), _Basic(passwords))


def _limited(response: IO[bytes]) -> bytes | None:
    """All that comes, None if that does not end."""
    content, until = bytearray(), time.monotonic() + _MOST_S
    while chunk := response.read1(_CHUNK):  # type: ignore[attr-defined]  # an HTTPResponse has it
        content += chunk
        if len(content) > _MOST_BYTES or time.monotonic() > until:
            return None
    return bytes(content)


def _unless_same(headers: HTTPMessage) -> dict[str, str]:
    pairs = (("If-None-Match", headers["ETag"]), ("If-Modified-Since", headers["Last-Modified"]))
    return {name: value for name, value in pairs if value}
