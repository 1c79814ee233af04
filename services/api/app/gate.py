"""The gate: no path but the public ones is reached without a key, its scope and room in its quota."""

import re
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.app.auth import Authenticator, require
from services.api.app.context import context_of, header
from services.api.app.errors import problem_of
from services.api.app.quota import QuotaGuard
from services.recommender.errors import MarqueeError

# Also where keys are on: probes, documentation, and what the demo page must know before it can ask for a key.
PUBLIC = frozenset({"/", "/health/live", "/health/ready", "/version", "/catalogue", "/openapi.json", "/docs"})
# But not with this in its query: it asks the search engine, which anybody could keep awake.
DEEP = "deep"
READY = "/health/ready"
ADMIN_PREFIX = "/users/"


# Of what begins so, this stores what a person says, as feedback does. A slash inside an id is none here.
IMPORT_PATH = re.compile(r"/users/[^/]+/import")


def scope_needed(path: str) -> str:
    """Export and erasure of a person need ``admin``, all else ``serve``."""
    return "admin" if path.startswith(ADMIN_PREFIX) and not IMPORT_PATH.fullmatch(path) else "serve"


@dataclass(frozen=True, slots=True)
class Gate:
    """Deny by default; stands before routing, so that a new route can't be forgotten."""

    app: ASGIApp
    authenticator: Authenticator
    quota: QuotaGuard
    public: frozenset[str] = PUBLIC

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what may pass, answer the rest with a problem."""
        if scope["type"] == "http" and not self._is_open(scope):
            try:
                await self._admit(scope)
            except MarqueeError as error:
                await problem_of(error).response(scope)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        path: str = scope["path"]
        # Read as the route reads it: ``%64eep`` is a name for it, too.
        return path in self.public and not (path == READY and DEEP in QueryParams(scope.get("query_string", b"")))

    async def _admit(self, scope: Scope) -> None:
        context = context_of(scope)
        key, degraded = await self.authenticator.authenticate(header(scope, b"x-api-key"))
        context.key_id = key.key_id
        if degraded:
            context.degrade("keys")
        await self.quota.admit(require(key, scope_needed(scope["path"])), context)
