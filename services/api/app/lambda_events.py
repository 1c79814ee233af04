"""Lambda events: HTTP events of API Gateway (both payload formats) and of a load balancer, and warm-ups.

All are converted to payload 2.0 with validated types; the response is then converted to the caller's format.
Sources: Amazon API Gateway developer guide, "AWS Lambda integrations for HTTP APIs" and "Lambda proxy integrations";
Elastic Load Balancing user guide, "Lambda functions as targets".
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus, urlencode

from services.recommender.errors import InvalidRequest

Event = dict[str, Any]

_HOST = re.compile(r"[^:\s]+(:\d{1,5})?")


class NoRequest(InvalidRequest):
    """An HTTP event that holds no valid request; the response is 400."""


def is_warm_up(event: object) -> bool:
    """Return whether the event is ``{"warmer": true}`` or a scheduled EventBridge event, not an HTTP event."""
    if not isinstance(event, Mapping) or "requestContext" in event:
        return False
    return event.get("warmer") is True or event.get("source") == "aws.events"


def http_event(event: object) -> Event:
    """Convert the event to payload 2.0. Raises InvalidRequest for one that is not HTTP, NoRequest for an HTTP event
    without a request; both messages describe the event's shape, never its content.
    """
    if not isinstance(event, Mapping) or not isinstance(context := event.get("requestContext"), Mapping):
        raise InvalidRequest(
            f"not an event of an HTTP API: {_described(event)}; expected one of API Gateway or a load balancer, or a "
            'warm-up like {"warmer": true}'
        )
    http = context.get("http") if _is_v2(event) else _http_of_v1(event, context)
    if not isinstance(http, Mapping) or not all(isinstance(http.get(name), str) for name in ("method", "path")):
        raise NoRequest(f"an HTTP event without a method and a path: {_described(event)}")
    return {
        "version": "2.0",
        "rawQueryString": _query(event, context),
        "headers": dict(_headers(event)),
        # Without "elb", by which Mangum recognises a load balancer: it is handled like the others.
        "requestContext": {name: value for name, value in context.items() if name != "elb"}
        | {"http": {name: _text(http.get(name)) for name in ("method", "path", "sourceIp")}},
        **_body(event),
    }


def reply_to(event: Mapping[str, Any], response: Event) -> Event:
    """Convert a response of payload 2.0 to the format of the event's sender."""
    if _is_v2(event):
        return response
    headers = response.get("headers", {})
    # A load balancer that sends multi-value headers reads only those.
    header_fields: Event = {"headers": headers}
    if "multiValueHeaders" in event and "headers" not in event:
        header_fields = {"multiValueHeaders": {name: [value] for name, value in headers.items()}}
    return {
        "statusCode": response["statusCode"],
        "body": response.get("body", ""),
        "isBase64Encoded": response.get("isBase64Encoded", False),
        **header_fields,
    }


def _is_v2(event: Mapping[str, Any]) -> bool:
    return event.get("version") == "2.0"


def _http_of_v1(event: Mapping[str, Any], context: Mapping[str, Any]) -> Event:
    """Return the fields of ``requestContext.http`` of payload 2.0 from the places where payload 1.0 has them."""
    identity = context.get("identity")
    source = identity.get("sourceIp") if isinstance(identity, Mapping) else None
    return {"method": event.get("httpMethod"), "path": event.get("path"), "sourceIp": source}


def _query(event: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    if _is_v2(event):
        return _text(event.get("rawQueryString"))
    parameters = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters")
    # A load balancer passes the query on as sent, API Gateway decodes it.
    decoded = unquote_plus if "elb" in context else str
    pairs = [(decoded(name), decoded(value)) for name, value in _pairs(parameters)]
    return urlencode(pairs, errors="replace")


def _headers(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each header once, by lower-case name; several values are joined with commas."""
    values_by_name: dict[str, list[str]] = {}
    lists = event.get("multiValueHeaders")
    for name, value in _pairs(lists if isinstance(lists, Mapping) else event.get("headers")):
        values_by_name.setdefault(name.lower(), []).append(value)
    for name, values in values_by_name.items():
        value = ", ".join(values)
        if name == "host" and not _HOST.fullmatch(value):
            continue
        if name == "x-forwarded-port" and not (value.isascii() and value.isdigit()):
            continue
        yield name, value


def _pairs(fields: object) -> Iterator[tuple[str, str]]:
    """Yield names and values, one pair per value in a list; skip values that are not text."""
    if not isinstance(fields, Mapping):
        return
    for name, content in fields.items():
        values: Iterable[object] = content if isinstance(content, list) else [content]
        for value in values:
            if isinstance(value, str):
                yield _text(name), _text(value)


def _body(event: Mapping[str, Any]) -> Event:
    body, encoded = event.get("body"), bool(event.get("isBase64Encoded"))
    if body is not None and not isinstance(body, str):
        raise NoRequest(f"the body of the event is {type(body).__name__}, expected text")
    if encoded:
        try:
            base64.b64decode(body or "", validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoRequest("the body of the event is marked as Base64 but is not") from error
    return {"body": body if encoded or body is None else _text(body), "isBase64Encoded": encoded}


def _text(value: object) -> str:
    """Return text encodable as UTF-8; "" if not text."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _described(event: object) -> str:
    return f"an object with {sorted(map(str, event))[:8]}" if isinstance(event, Mapping) else type(event).__name__
