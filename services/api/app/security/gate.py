"""API key gate: every path except the public ones requires a key with the right scope and remaining quota."""

import re
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.app.context import context_of, header
from services.api.app.errors import problem_of
from services.api.app.security.auth import Authenticator, require
from services.api.app.security.quota import QuotaGuard
from services.recommender.errors import MarqueeError

# Public even if keys are on: probes, documentation, and what the demo page needs before it can ask for a key.
PUBLIC = frozenset({"/", "/health/live", "/health/ready", "/version", "/catalogue", "/openapi.json", "/docs"})
# Not public with this query parameter: it queries the search engine, which anyone could then keep awake.
DEEP = "deep"
READY = "/health/ready"
ADMIN_PREFIX = "/users/"


# Unlike other paths with this prefix, an import stores data as feedback does. An encoded slash in an id is not matched.
IMPORT_PATH = re.compile(r"/users/[^/]+/import")


def scope_needed(path: str) -> str:
    """Return the scope a path requires: ``admin`` to export or erase a person, otherwise ``serve``."""
    return "admin" if path.startswith(ADMIN_PREFIX) and not IMPORT_PATH.fullmatch(path) else "serve"


@dataclass(frozen=True, slots=True)
class Gate:
    """Denies by default; it runs before routing, so that no new route is left open by mistake."""

    app: ASGIApp
    authenticator: Authenticator
    quota: QuotaGuard
    public: frozenset[str] = PUBLIC

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass permitted requests on; answer the others with a problem."""
        if scope["type"] == "http" and not self._is_open(scope):
            try:
                await self._admit(scope)
            except MarqueeError as error:
                await problem_of(error).response(scope)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        path: str = scope["path"]
        # Decoded as the route decodes it: ``%64eep`` is the same name.
        return path in self.public and not (path == READY and DEEP in QueryParams(scope.get("query_string", b"")))

    async def _admit(self, scope: Scope) -> None:
        context = context_of(scope)
        key, degraded = await self.authenticator.authenticate(header(scope, b"x-api-key"))
        context.key_id = key.key_id
        if degraded:
            context.degrade("keys")
        await self.quota.admit(require(key, scope_needed(scope["path"])), context)
