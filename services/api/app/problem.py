"""Problem details for HTTP APIs (RFC 9457): the one shape of every error answer."""

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
    """One field at fault."""

    pointer: str = Field(description="RFC 6901 JSON pointer of the field.", examples=["/k"])
    detail: str = Field(
        description="What is wrong with it, and what was sent.", examples=["k must be between 1 and 100; got 101"]
    )
    location: str = Field(
        "body", description="Where the field is: `body`, `query`, `path`, `header` or, of readiness, `parts`.",
        examples=["body"],
    )  # fmt: skip


class ProblemDocument(BaseModel):
    """An error answer (RFC 9457). Branch on ``type`` or ``status``; ``title`` and ``detail`` are for people."""

    type: str = Field(description="Names the kind of error; never changes.", examples=["/problems/invalid-request"])
    title: str = Field(description="The kind of error in words.", examples=["The request is not valid"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(
        description="What was wrong, where, and what to do.", examples=["k must be between 1 and 100; got 101"]
    )
    instance: str | None = Field(None, description="The path that was asked.", examples=["/recommend"])
    request_id: str | None = Field(
        None, description="The request's id, under which the log has it.", examples=["5f0c7b9e2a414d0f8d6c3b1a90e7f254"]
    )
    errors: list[FieldError] | None = Field(
        None, description="The fields at fault, at most 20.",
        examples=[[{"pointer": "/k", "detail": "k must be between 1 and 100; got 101", "location": "body"}]],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """An error before it becomes an answer. ``slug`` names the type; ``errors`` as in :class:`FieldError`."""

    status: int
    slug: str
    title: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, **extra: str) -> dict[str, Any]:
        """The JSON object; ``extra`` members are added after the detail."""
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
        """The answer to the request of this scope. The log gets the kind, and of a failure of ours the cause."""
        context = context_of(scope)
        context.facts["problem"] = self.slug
        if self.status >= 500:
            context.facts["detail"] = self.detail
        document = self.document(instance=instance_of(scope), request_id=context.request_id)
        # Escaped ASCII: an echoed lone surrogate could not be written as UTF-8.
        return Response(json.dumps(document).encode(), self.status, dict(self.headers), MEDIA_TYPE)


def instance_of(scope: Scope) -> str:
    """The request's path as it was sent, without its query."""
    raw: bytes = scope.get("raw_path") or str(scope["path"]).encode("utf-8", "replace")
    return raw.split(b"?")[0].decode("ascii", "replace")[:512]
