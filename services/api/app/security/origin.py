"""Origin check: accept only requests with the secret header that CloudFront adds.

A web application firewall cannot protect an HTTP API directly, and the API's own address stays public: requests that
bypass the distribution are rejected here (CloudFront Developer Guide, "Restrict access to files on custom origins").
"""

import hmac
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.app.context import header
from services.api.app.edge import Edge
from services.api.app.errors import problem_of
from services.recommender.errors import MarqueeError, OriginRefused
from services.recommender.ports import SecretPort

HEADER = b"x-origin-verify"
# A load balancer's health check does not send the header; the response reveals nothing.
OPEN = frozenset({"/health/live"})


@dataclass(frozen=True, slots=True)
class OriginCheck:
    """``secret``: accepted values, the current and perhaps the previous one; compared in constant time."""

    app: ASGIApp
    secret: SecretPort
    edge: Edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass requests with the secret on; answer the others with a problem."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            try:
                check(header(scope, HEADER) or "", await self.edge.secret(self.secret))
            except MarqueeError as error:
                await problem_of(error).response(scope)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def check(value: str, accepted: tuple[str, ...]) -> None:
    """Raise OriginRefused unless the header's value is an accepted one."""
    # Compare every value, so that the timing reveals nothing.
    matches = [hmac.compare_digest(value.encode(), each.encode()) for each in accepted]
    if not any(matches):
        raise OriginRefused(
            "this address does not accept requests directly; call the API at its public address "
            "(the CloudFront distribution)"
        )
