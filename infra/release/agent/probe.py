"""Probe a version as customers call it, through events of API Gateway, before it gets any of their requests."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

K = 20
WORDS = "a journey into the unknown"
STRANGER = "release-probe"
# Method, path with query, body -> status and document of the response.
Ask = Callable[[str, str, "Mapping[str, Any] | None"], "tuple[int, Any]"]


class ProbeFailed(Exception):
    """A version's response is wrong; the message names the request and what is wrong."""


def probe(ask: Ask, *, bundle: str, person: str, strict: bool = True) -> None:
    """Check readiness, the bundle, and four lists: for an unknown person, for films, for words, for a person.

    ``strict``: no part may be replaced by another one. Otherwise (e.g. a rollback while OpenSearch is down) lists only
    have to be complete. Raises ProbeFailed.
    """
    ready = _document(ask, "GET", "/health/ready?deep=1")
    if strict and ready.get("status") != "ok":
        raise ProbeFailed(f"ready: expected ok, got {ready.get('status')}: {json.dumps(ready.get('parts'))}")
    served = _document(ask, "GET", "/version").get("bundle_version")
    if bundle and served != bundle:
        raise ProbeFailed(f"version: expected bundle {bundle}, got {served}")
    popular = _films(ask, "stranger", {"user_id": STRANGER}, strict)
    _films(ask, "films", {"liked": popular[:3]}, strict)
    _films(ask, "words", {"query": WORDS}, strict)
    _films(ask, "person", {"user_id": person}, strict)


def event(method: str, target: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return an event of an HTTP API. Source: API Gateway developer guide, "AWS Lambda proxy integrations", payload
    2.0.
    """
    path, _, query = target.partition("?")
    sent = {"content-type": "application/json", "host": "probe", **headers}
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "probe"}
    message: dict[str, Any] = {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": sent,
        "requestContext": {"http": http, "requestId": "probe", "routeKey": "$default", "stage": "$default"},
        "isBase64Encoded": False,
    }  # fmt: skip
    return message | ({} if body is None else {"body": json.dumps(body)})


def event_requester(call: Callable[[dict[str, Any]], Mapping[str, Any]], headers: Mapping[str, str]) -> Ask:
    """Return a function that sends a request as an event to a handler."""

    def ask(method: str, target: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        answer = call(event(method, target, body, headers))
        try:
            return int(answer["statusCode"]), json.loads(answer["body"])
        except (KeyError, TypeError, ValueError) as error:
            raise ProbeFailed(f"{method} {target}: not an API response: {str(answer)[:300]}") from error

    return ask


def _document(ask: Ask, method: str, target: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    status, document = ask(method, target, body)
    if status != 200 or not isinstance(document, dict):
        raise ProbeFailed(f"{method} {target}: expected status 200, got {status}: {json.dumps(document)[:300]}")
    return document


def _films(ask: Ask, question: str, body: Mapping[str, Any], strict: bool) -> list[str]:
    # A diversity not used before bypasses the cache.
    diversity = 0.2 + random.random() / 1_000  # noqa: S311 - no secret
    answer = _document(ask, "POST", "/recommend", {**body, "k": K, "diversity": diversity})
    films = [str(item.get("item_id")) for item in answer.get("items", ())]
    if len(films) != K or len(set(films)) != K:
        raise ProbeFailed(f"{question}: expected {K} different films, got {len(set(films))} in {len(films)} items")
    if strict and answer.get("degraded") != []:
        raise ProbeFailed(f"{question}: the response is degraded: {answer.get('degraded')}")
    return films
