"""Asks for what is behind a `http` or `https` URL, and fetches it if it is a picture."""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    HTTPSHandler,
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


class Answer:
    """What a server sends for a URL, to be read once and closed."""

    def __init__(self, response: HTTPResponse | HTTPError):
        self.kind = response.headers.get_content_type() if response.headers["Content-Type"] else ""
        """Its type as the server says, as in `image/jpeg`; empty if it does not."""
        length = response.headers["Content-Length"] or ""
        self.length = int(length) if length.isdigit() else None
        """The number of bytes, if the server says it."""
        self.gives_parts = response.headers["Accept-Ranges"] == "bytes"
        """Whether the server sends any part of it."""
        self.is_same = response.status == _NOT_MODIFIED
        """Whether it has not changed, and is not sent again."""
        self.headers = response.headers
        self._response = response

    def head(self) -> bytes:
        """Some of its first bytes, which `read` gives again; none if it is empty."""
        return self._response.peek()

    def read(self, size: int = _CHUNK) -> bytes:
        """At most `size` bytes, as soon as there are any; none at its end."""
        return self._response.read1(size)

    def close(self) -> None:
        """Disconnect. Idempotent."""
        self._response.close()


@dataclass(frozen=True)
class Fetched:
    """An image file, and the headers that ask for it again only if it has changed."""

    content: bytes
    unless_same: dict[str, str]


class Fetcher:
    """Asks for one URL, with the user name and password in it (Basic or Digest), which no message repeats.

    Args:
        url: `http` or `https`.
        timeout_s: limits connecting and every wait for data.
        options: FFmpeg's, of which `user_agent`, `referer`, `headers`, `tls_verify` and `ca_file` are heeded.
    """

    def __init__(self, url: str, timeout_s: float, options: Mapping[str, str] | None = None):
        options = options or {}
        self._label = redact(url)
        self._timeout_s = timeout_s
        self._url, self._opener = _prepared(url, _trust(options))
        self._headers = {"User-Agent": options.get("user_agent", "affectstream")}
        if "referer" in options:
            self._headers["Referer"] = options["referer"]
        for line in options.get("headers", "").splitlines():
            name, _, value = line.partition(":")
            self._headers[name.strip()] = value.strip()

    def ask(self, unless_same: Mapping[str, str] | None = None) -> Answer | None:
        """What is there; None if that is no proper HTTP. `unless_same` has the headers of a conditional request.

        Raises:
            SourceUnavailable: no answer in time, or an error.
        """
        request = Request(self._url, headers=self._headers | dict(unless_same or {}))  # noqa: S310 — http and https alone
        try:
            return Answer(self._opener.open(request, timeout=self._timeout_s))
        except HTTPError as error:
            error.close()
            if error.code == _NOT_MODIFIED:
                return Answer(error)
            raise self._unavailable(f"{error.code} {error.reason}") from error
        except HTTPException:
            return None
        except (OSError, ValueError) as error:
            raise self._unavailable(error.reason if isinstance(error, URLError) else error) from error

    def fetch(self, before: Fetched) -> Fetched | None:
        """The image there, `before` if it is still the same; None if there is no image any more.

        Raises:
            SourceUnavailable: no answer in time, or an error.
        """
        answer = self.ask(before.unless_same)
        if answer is None:
            return None
        if answer.is_same:
            return before
        if answer.kind.startswith("image/"):
            return self.image(answer)
        answer.close()
        return None

    def image(self, answer: Answer) -> Fetched | None:
        """The image that is the answer; None if it does not end.

        Raises:
            SourceUnavailable: the connection fails.
        """
        try:
            content = _limited(answer)
        except (OSError, HTTPException) as error:
            raise self._unavailable(error) from error
        finally:
            answer.close()
        return None if content is None else Fetched(content, _unless_same(answer.headers))

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


def _trust(options: Mapping[str, str]) -> ssl.SSLContext:
    """As FFmpeg: any certificate is good, as cameras sign their own, unless `tls_verify=1` is asked for."""
    context = ssl.create_default_context(cafile=options.get("ca_file"))
    if options.get("tls_verify", "0") == "0":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _prepared(url: str, trust: ssl.SSLContext) -> tuple[str, OpenerDirector]:
    """The URL without its user name and password, and what opens it with them, there alone."""
    parts = urlsplit(url)
    path, query = (quote(part, _LEFT, errors="surrogateescape") for part in (parts.path, parts.query))
    plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, ""))
    passwords = HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        passwords.add_password(None, plain, unquote(parts.username), unquote(parts.password or ""))
    return plain, build_opener(_WithinHttp(), HTTPSHandler(context=trust), _Digest(passwords), _Basic(passwords))


def _limited(answer: Answer) -> bytes | None:
    """All that comes, None if that does not end."""
    content, until = bytearray(), time.monotonic() + _MOST_S
    while chunk := answer.read():
        content += chunk
        if len(content) > _MOST_BYTES or time.monotonic() > until:
            return None
    return bytes(content)


def _unless_same(headers: Message) -> dict[str, str]:
    pairs = (("If-None-Match", headers["ETag"]), ("If-Modified-Since", headers["Last-Modified"]))
    return {name: value for name, value in pairs if value}
