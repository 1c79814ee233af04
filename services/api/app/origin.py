"""Only requests that came through the front door: CloudFront sends a secret header, whoever goes round it does not.

An HTTP API can't be protected by a web application firewall, and its own address stays public: what did not pass the
distribution in front of it is refused here (CloudFront Developer Guide, "Restrict access to files on custom origins").
"""

import hmac
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.app.context import header
from services.api.app.errors import problem_of
from services.api.app.runner import Runner
from services.recommender.errors import MarqueeError, OriginRefused
from services.recommender.ports import SecretPort

HEADER = b"x-origin-verify"
# A load balancer asks without it; the answer tells nothing.
OPEN = frozenset({"/health/live"})


@dataclass(frozen=True, slots=True)
class OriginCheck:
    """``secret``: its values count, the current and perhaps the previous one; compared in constant time."""

    app: ASGIApp
    secret: SecretPort
    runner: Runner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what brings the secret, answer the rest with a problem."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            try:
                check(header(scope, HEADER) or "", await self.runner.secret(self.secret))
            except MarqueeError as error:
                await problem_of(error).response(scope)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def check(sent: str, values: tuple[str, ...]) -> None:
    """Raise OriginRefused unless the header is one of the values."""
    # Every value is compared, whichever is right: the time says nothing.
    matches = [hmac.compare_digest(sent.encode(), each.encode()) for each in values]
    if not any(matches):
        raise OriginRefused("ask the address of the distribution in front of this one")
