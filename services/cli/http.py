"""HTTP client for the verbs that check a deployment from the outside."""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from services.recommender.errors import Unavailable

# Longer than API Gateway's timeout.
TIMEOUT_S = 35.0
_LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """``headers`` by lower-case name; ``document``: the body as JSON, None if it is not JSON."""

    status: int
    headers: Mapping[str, str]
    document: Any

    def __str__(self) -> str:
        body = self.document if isinstance(self.document, dict) else {}
        return f"{self.status} {body.get('detail') or body.get('title') or body.get('message') or ''}".strip()


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirects: the key is for this server only."""

    def redirect_request(self, *_: object) -> None:
        """Return no request."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One server and the key to send."""

    url: str
    key: str | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        keyed: bool = True,
    ) -> Reply:
        """Return the response, whatever its status. Raises Unavailable if there is none."""
        all_headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **(headers or {})}
        if keyed and self.key:
            all_headers["X-API-Key"] = self.key
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            all_headers["Content-Type"] = "application/json"
        address = self.url.rstrip("/") + path
        request = Request(address, data, all_headers, method=method)  # noqa: S310 - checked by the verb
        try:
            with build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S) as response:
                return _reply(response.status, dict(response.headers.items()), response.read(_LARGEST))
        except HTTPError as error:
            with error:
                return _reply(error.code, dict(error.headers.items()), error.read(_LARGEST))
        except (OSError, HTTPException) as error:
            raise Unavailable(f"{self.url} does not respond: {getattr(error, 'reason', None) or error}") from error


def _reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    by_name = {name.lower(): value for name, value in headers.items()}
    try:
        plain = gzip.decompress(body) if by_name.get("content-encoding") == "gzip" else body
        return Reply(status, by_name, json.loads(plain))
    except (ValueError, OSError, EOFError, zlib.error):
        return Reply(status, by_name, None)
