"""ASGI middleware around the application: request line, request id, log, size limits, compression.

Gzip is supported by every HTTP client and by the standard library. Neither API Gateway's HTTP APIs nor CloudFront
without a cache compress. In a Lambda response the body is Base64, a third longer, within a limit of 6 MB; API Gateway
decodes it, so clients receive only gzip's bytes. Source: RFC 9110, sections 8.4, 8.8.3 and 12.5.3.
"""

import logging
import re
import secrets
import zlib
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.adapters.foreign import frames_of
from services.api.app.context import RequestContext, ask_instead, attach, begin_trace, has_header, header, observe
from services.api.app.errors import problem_of

log = logging.getLogger("marquee.api")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Stands for an encoded slash in a decoded path: a lone surrogate, which decoding never yields.
SLASH = "\udc2f"

Headers = list[tuple[bytes, bytes]]
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
API_POLICY = b"default-src 'none'; frame-ancestors 'none'"
PRIVATE = b"private, no-store"


@dataclass(frozen=True, slots=True)
class RequestLine:
    """Rewrites requests that the routes do not handle as sent. HEAD is answered as GET without the body, errors too
    (RFC 9110, 9.3.2). ``%2F`` stays within a path segment: an id may contain a slash, and servers decode before
    routing.

    It wraps all other layers, so that key, quota and limits apply to HEAD as to GET.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            path = raw.split(b"?")[0].decode("ascii", "replace")
            scope["path"] = SLASH.join(unquote(part) for part in re.split("%2[fF]", path))
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app(ask_instead(scope, "GET"), receive, without_body)


@dataclass(frozen=True, slots=True)
class Observer:
    """Assigns the request id, times the request, logs and counts it, and turns unhandled exceptions into a 500.

    Every response gets the request id, the timings and security headers, plus ``Cache-Control: private, no-store`` and
    a deny-all policy unless the route set its own.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context = RequestContext(request_id_of(scope), perf_counter())
        attach(scope, context)
        context.trace = begin_trace(scope)
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _all_headers(message["headers"], context)
            await send(message)

        try:
            await self.app(scope, receive, observed)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            # Log the place, not the message: an exception's text may contain a person's data.
            log.error("unexpected %s in request %s\n%s", type(error).__name__, context.request_id, frames_of(error))
            if status:
                raise
            await problem_of(error).response(scope)(scope, receive, observed)
        finally:
            observe(scope, context, status)


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Rejects a body of more than ``max_bytes``, by its Content-Length before reading or else while streaming.
    ``larger``: paths with a higher limit, and the limit.
    """

    app: ASGIApp
    max_bytes: int
    larger: tuple[re.Pattern[str], int] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope)
        declared = header(scope, b"content-length") or "0"
        if declared.isdecimal() and int(declared[:20]) > limit:
            await problem_of(_refusal(limit)).response(scope)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _refusal(limit)
            return message

        await self.app(scope, counted, send)

    def _limit(self, scope: Scope) -> int:
        if self.larger is not None and self.larger[0].fullmatch(scope["path"]):
            return max(self.larger[1], self.max_bytes)
        return self.max_bytes


def _refusal(limit: int) -> HTTPException:
    return HTTPException(413, f"The body may have at most {limit} bytes.", {"Connection": "close"})


def request_id_of(scope: Scope) -> str:
    """Return the id sent by the client if it is safe in a header and a log, otherwise a new one."""
    request_id = header(scope, b"x-request-id")
    return request_id if request_id and _REQUEST_ID.fullmatch(request_id) else secrets.token_hex(16)


def _all_headers(headers: Headers, context: RequestContext) -> Headers:
    """Return the headers of a response with those that every response has."""
    total = (perf_counter() - context.started) * 1_000
    stages = [f"{name};dur={spent:.2f}" for name, spent in context.stages.items()]
    headers = [
        *headers,
        (b"x-request-id", context.request_id.encode()),
        (b"server-timing", ", ".join([*stages, f"total;dur={total:.2f}"]).encode()),
        *context.headers,
        *SECURITY,
    ]
    if not has_header(headers, b"cache-control"):
        headers.append((b"cache-control", PRIVATE))
    if not has_header(headers, b"content-security-policy"):
        headers.append((b"content-security-policy", API_POLICY))
    return headers


# For smaller bodies the added headers cancel most of the gain.
LEAST_BYTES = 1_000
# Measured on responses of 20 and 100 films with explanations: level 9 takes up to twice the time for 1 to 3 % fewer
# bytes, level 1 half the time for 15 to 33 % more.
LEVEL = 6
_GZIP = 31  # zlib's window bits for a gzip header
_TEXT = (b"application/json", b"application/problem+json", b"text/", b"image/svg+xml")


@dataclass(frozen=True, slots=True)
class Compress:
    """Compresses complete text bodies; streamed, already encoded and partial responses are left alone."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepts = accepts_gzip(header(scope, b"accept-encoding"))
        start: Message | None = None

        async def compressed(message: Message) -> None:
            """Delay the response start until the first body message, which gives the length."""
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None and message["type"] == "http.response.body":
                head, start = start, None
                if _may_be_smaller(head, message):
                    head = {**head, "headers": [*head["headers"], (b"vary", b"Accept-Encoding")]}
                    if accepts:
                        head, message = _gzipped(head, message)
                await send(head)
            await send(message)

        await self.app(scope, receive, compressed)


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether an Accept-Encoding header allows gzip, by name or by ``*``."""
    if not accept_encoding:
        return False
    allowed: dict[str, bool] = {}
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.partition(";")
        weight = parameters.replace(" ", "").removeprefix("q=") or "1"
        try:
            allowed[name.strip()] = float(weight) > 0
        except ValueError:
            allowed[name.strip()] = False
    return allowed.get("gzip", allowed.get("*", False))


def _may_be_smaller(head: Message, message: Message) -> bool:
    headers: Headers = head["headers"]
    kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return (
        not message.get("more_body", False)
        and len(message.get("body", b"")) >= LEAST_BYTES
        and head["status"] not in (204, 206, 304)
        and kind.startswith(_TEXT)
        and not has_header(headers, b"content-encoding")
    )


def _gzipped(head: Message, message: Message) -> tuple[Message, Message]:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
    body = packer.compress(message["body"]) + packer.flush()
    headers: Headers = []
    for name, value in head["headers"]:
        if name.lower() == b"content-length":
            headers.append((name, str(len(body)).encode()))
        elif name.lower() == b"etag" and not value.startswith(b"W/"):
            # Same content in other bytes: equal by weak comparison, which If-None-Match uses.
            headers.append((name, b"W/" + value))
        else:
            headers.append((name, value))
    return {**head, "headers": [*headers, (b"content-encoding", b"gzip")]}, {**message, "body": body}
