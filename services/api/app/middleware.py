"""ASGI middleware around the application."""

import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.adapters.foreign import frames_of
from services.api.app.context import RequestContext, ask_instead, attach, has_header, header
from services.api.app.errors import problem_of
from services.api.app.observability.observation import begin_trace, observe

log = logging.getLogger("marquee.api")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Stands for an encoded slash in a decoded path: a lone surrogate, which decoding never yields.
SLASH = "\udc2f"

Headers = Sequence[tuple[bytes, bytes]]
SECURITY: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
API_POLICY = b"default-src 'none'; frame-ancestors 'none'"
PRIVATE = b"private, no-store"


@dataclass(frozen=True, slots=True)
class HeadAsGet:
    """Answers HEAD as GET without the body, errors included (RFC 9110, 9.3.2).

    It wraps all other layers, so that key, quota and limits apply as for GET.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
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
    """Assigns the request id, times the request, logs and counts it, and turns unhandled exceptions into a 500."""

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
                message["headers"] = [*message["headers"], *_own_headers(context)]
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
class SafeHeaders:
    """Adds security headers to every response, plus ``Cache-Control: private, no-store`` and a deny-all policy unless
    the route set its own.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *SECURITY]
                if not has_header(headers, b"cache-control"):
                    headers.append((b"cache-control", PRIVATE))
                if not has_header(headers, b"content-security-policy"):
                    headers.append((b"content-security-policy", API_POLICY))
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, safe if scope["type"] == "http" else send)


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
        most = self._most(scope)
        declared = header(scope, b"content-length") or "0"
        if declared.isdecimal() and int(declared[:20]) > most:
            await problem_of(_refusal(most)).response(scope)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _refusal(most)
            return message

        await self.app(scope, counted, send)

    def _most(self, scope: Scope) -> int:
        if self.larger is not None and self.larger[0].fullmatch(scope["path"]):
            return max(self.larger[1], self.max_bytes)
        return self.max_bytes


@dataclass(frozen=True, slots=True)
class EncodedSlashes:
    """Keeps ``%2F`` inside a path segment: an id may contain a slash, and servers decode before routing."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            path = raw.split(b"?")[0].decode("ascii", "replace")
            scope["path"] = SLASH.join(unquote(part) for part in re.split("%2[fF]", path))
        await self.app(scope, receive, send)


def _refusal(most: int) -> HTTPException:
    return HTTPException(413, f"The body may have at most {most} bytes.", {"Connection": "close"})


def request_id_of(scope: Scope) -> str:
    """Return the id sent by the client if it is safe in a header and a log, otherwise a new one."""
    sent = header(scope, b"x-request-id")
    return sent if sent and _REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)


def _own_headers(context: RequestContext) -> list[tuple[bytes, bytes]]:
    total = (perf_counter() - context.started) * 1_000
    stages = [f"{name};dur={spent:.2f}" for name, spent in context.stages.items()]
    return [
        (b"x-request-id", context.request_id.encode()),
        (b"server-timing", ", ".join([*stages, f"total;dur={total:.2f}"]).encode()),
        *context.headers,
    ]
