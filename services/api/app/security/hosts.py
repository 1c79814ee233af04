"""Host header check: reject requests for host names of other servers, as in DNS rebinding attacks.

Without API keys, anyone who reaches the server may read and erase, and a visitor's browser can reach loopback. In a
rebinding attack ``Host`` holds the attacker's name. An IP address in its place cannot be rebound, so it passes.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.app.context import header
from services.api.app.errors import problem_of
from services.recommender.errors import HostRefused

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]@/]+)(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class HostCheck:
    """``names``: lower-case host names, without a port. A request without ``Host``, which no browser sends, passes."""

    app: ASGIApp
    names: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass requests for this server on; answer the others with a problem."""
        if scope["type"] == "http" and not self._is_ours(header(scope, b"host")):
            error = HostRefused("the header Host names another server; if it is this one, add it to ALLOWED_HOSTS")
            await problem_of(error).response(scope)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, host: str | None) -> bool:
        if host is None:
            return True
        name, is_address = _read(host)
        return is_address or name in self.names


@lru_cache(maxsize=256)
def _read(host: str) -> tuple[str, bool]:
    """Return the host name, "" if malformed, and whether it is an address; cached, as clients repeat it."""
    match = _HOST.fullmatch(host)
    name = match.group(1).lower().removesuffix(".") if match else ""
    return name, _is_address(name.strip("[]"))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
