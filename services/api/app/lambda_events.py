"""The events that the function takes: API Gateway's HTTP events, payload 2.0, and warm-ups; nothing else.

Source: Amazon API Gateway developer guide, "AWS Lambda integrations for HTTP APIs".
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from services.recommender.errors import InvalidRequest


def is_warm_up(event: object) -> bool:
    """``{"warmer": true}``, or a scheduled event of EventBridge."""
    return isinstance(event, Mapping) and (event.get("warmer") is True or event.get("source") == "aws.events")


def http_event(event: object) -> dict[str, Any]:
    """The event, if it is one of an HTTP API. Raises InvalidRequest, which tells its shape and nothing in it."""
    if not isinstance(event, Mapping) or not _is_http(event):
        raise InvalidRequest(
            f"not an event of an HTTP API: {_described(event)}; expected API Gateway's payload 2.0, or a warm-up "
            'like {"warmer": true}'
        )
    if event.get("isBase64Encoded"):
        try:
            base64.b64decode(event.get("body") or "", validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise InvalidRequest("the body of the event is said to be Base64 and is not") from error
    return dict(event)


def _is_http(event: Mapping[Any, Any]) -> bool:
    requested = event.get("requestContext")
    http = requested.get("http") if isinstance(requested, Mapping) else None
    return (
        event.get("version") == "2.0"
        and isinstance(http, Mapping)
        and all(isinstance(http.get(name), str) for name in ("method", "path"))
        and isinstance(event.get("headers", {}), Mapping)
        and isinstance(event.get("body") or "", str)
    )


def _described(event: object) -> str:
    return f"an object with {sorted(map(str, event))[:8]}" if isinstance(event, Mapping) else type(event).__name__
