"""Problem details for HTTP APIs (RFC 9457): the format of every error response."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Scope

from services.api.app.context import context_of

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """An invalid field."""

    pointer: str = Field(description="RFC 6901 JSON pointer of the field.", examples=["/k"])
    detail: str = Field(
        description="What is wrong with it, and what was sent.", examples=["k must be between 1 and 100; got 101"]
    )
    location: str = Field(
        "body", description="Location of the field: `body`, `query`, `path`, `header` or, for readiness, `parts`.",
        examples=["body"],
    )  # fmt: skip


class ProblemDocument(BaseModel):
    """Error response (RFC 9457). Branch on ``type`` or ``status``; ``title`` and ``detail`` are for people."""

    type: str = Field(description="Identifies the kind of error; stable.", examples=["/problems/invalid-request"])
    title: str = Field(description="The kind of error in words.", examples=["The request is not valid"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(
        description="What is wrong, where, and what to do.", examples=["k must be between 1 and 100; got 101"]
    )
    instance: str | None = Field(None, description="The requested path.", examples=["/recommend"])
    request_id: str | None = Field(
        None, description="The request's id, as in the log.", examples=["5f0c7b9e2a414d0f8d6c3b1a90e7f254"]
    )
    errors: list[FieldError] | None = Field(
        None, description="The invalid fields, at most 20.",
        examples=[[{"pointer": "/k", "detail": "k must be between 1 and 100; got 101", "location": "body"}]],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """An error before it becomes a response. ``slug`` identifies the type; ``errors`` as in :class:`FieldError`."""

    status: int
    slug: str
    title: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, **extra: str) -> dict[str, Any]:
        """Return the JSON object; ``extra`` members follow the detail."""
        document: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **extra,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        return document

    def response(self, scope: Scope) -> Response:
        """Return the response for the request of this scope, and log the kind and, for 5xx, the detail."""
        context = context_of(scope)
        context.facts["problem"] = self.slug
        if self.status >= 500:
            context.facts["detail"] = self.detail
        document = self.document(instance=instance_of(scope), request_id=context.request_id)
        # Escaped to ASCII: an echoed lone surrogate cannot be encoded as UTF-8.
        return Response(json.dumps(document).encode(), self.status, dict(self.headers), MEDIA_TYPE)


def instance_of(scope: Scope) -> str:
    """Return the request's path as sent, without the query."""
    raw: bytes = scope.get("raw_path") or str(scope["path"]).encode("utf-8", "replace")
    return raw.split(b"?")[0].decode("ascii", "replace")[:512]
