"""Only requests for a name that this server goes by: a web page whose own name leads here by DNS rebinding is refused.

Without API keys whoever reaches the server may read and erase, and a visitor's browser does reach loopback. The name in
``Host`` is then the page's. An address in its place is no name that anybody could rebind.
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
        """Let through what is meant for here, answer the rest with a problem."""
        if scope["type"] == "http" and not self._is_ours(header(scope, b"host")):
            error = HostRefused("the header Host names another server; add the name to ALLOWED_HOSTS if it is this one")
            await problem_of(error).response(scope)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, sent: str | None) -> bool:
        if sent is None:
            return True
        name, is_address = _read(sent)
        return is_address or name in self.names


@lru_cache(maxsize=256)
def _read(sent: str) -> tuple[str, bool]:
    """The name that was sent, "" for what is none, and whether it is an address; clients send the same again."""
    found = _HOST.fullmatch(sent)
    name = found.group(1).lower().removesuffix(".") if found else ""
    return name, _is_address(name.strip("[]"))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
