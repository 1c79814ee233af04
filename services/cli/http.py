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
        said = self.document if isinstance(self.document, dict) else {}
        return f"{self.status} {said.get('detail') or said.get('title') or said.get('message') or ''}".strip()


class _Stay(HTTPRedirectHandler):
    """Follow no redirects: the key is for this server only."""

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
        sent = {"Accept": "application/json", "Accept-Encoding": "gzip", **(headers or {})}
        if keyed and self.key:
            sent["X-API-Key"] = self.key
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        request = Request(self.url.rstrip("/") + path, data, sent, method=method)  # noqa: S310 - checked by the verb
        try:
            with build_opener(_Stay).open(request, timeout=TIMEOUT_S) as answer:
                return _reply(answer.status, dict(answer.headers.items()), answer.read(_LARGEST))
        except HTTPError as error:
            with error:
                return _reply(error.code, dict(error.headers.items()), error.read(_LARGEST))
        except (OSError, HTTPException) as error:
            raise Unavailable(f"{self.url} does not respond: {getattr(error, 'reason', None) or error}") from error


def _reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    named = {name.lower(): value for name, value in headers.items()}
    try:
        plain = gzip.decompress(body) if named.get("content-encoding") == "gzip" else body
        return Reply(status, named, json.loads(plain))
    except (ValueError, OSError, EOFError, zlib.error):
        return Reply(status, named, None)
