"""Only requests that came through the front door: CloudFront sends a secret header, whoever goes round it does not.

An HTTP API can't be protected by a web application firewall, and its own address stays public: what did not pass the
distribution in front of it is refused here (CloudFront Developer Guide, "Restrict access to files on custom origins").
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.app.context import header
from services.api.app.errors import problem_of
from services.recommender.errors import MarqueeError, OriginRefused

HEADER = b"x-origin-verify"
# A load balancer asks without it; the answer tells nothing.
OPEN = frozenset({"/health/live"})


@dataclass(frozen=True, slots=True)
class OriginCheck:
    """``secrets``: the values that count, the current and perhaps the previous one; compared in constant time."""

    app: ASGIApp
    secrets: Callable[[], tuple[str, ...]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what brings the secret, answer the rest with a problem."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            try:
                self._check(header(scope, HEADER) or "")
            except MarqueeError as error:
                await problem_of(error).response(scope)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _check(self, sent: str) -> None:
        # Every value is compared, whichever is right: the time says nothing.
        matches = [hmac.compare_digest(sent.encode(), secret.encode()) for secret in self.secrets()]
        if not any(matches):
            raise OriginRefused("ask the address of the distribution in front of this one")
