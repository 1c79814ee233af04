"""Feedback routes. 202 means stored; a retry with the same Idempotency-Key is a replay."""

import hashlib
import json
import re
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.context import context_of
from services.api.app.edge import EdgeRoute, edge_of, to_json
from services.api.app.errors import problem_of
from services.api.app.openapi import IDEMPOTENCY_PARAMETER
from services.api.app.openapi_errors import OF_BODY, of_field, problems
from services.api.app.schemas.models import BatchBody, FeedbackBody
from services.api.app.schemas.responses import BatchAnswer, FeedbackAnswer
from services.recommender.errors import IdempotencyMismatch, InvalidRequest, MarqueeError
from services.recommender.ports import FeedbackCommand, Idempotency, Receipt

router = APIRouter(route_class=EdgeRoute, tags=["feedback"])
_PRINTABLE = re.compile(r"[ -~]{1,255}")


@router.post(
    "/feedback",
    operation_id="record_feedback",
    summary="Record what a person did with a film",
    status_code=202,
    response_model=FeedbackAnswer,
    responses=problems(
        "/feedback",
        404,
        *OF_BODY,
        kinds=("idempotency-mismatch",),
        own={
            "invalid-request": of_field(
                "value must be between 0.5 and 5 in steps of 0.5 for a rating; got 4.7", "/value", "body"
            )
        },
    ),
    openapi_extra={
        "parameters": [IDEMPOTENCY_PARAMETER],
        "requestBody": {"description": "The event: who did what with which film."},
    },
)
async def feedback(request: Request, body: FeedbackBody) -> Response:
    """Store one event; the next recommendation takes it into account."""
    context_of(request.scope).person = body.user_id
    command = _command(request, body, _idempotency_key(request))
    (receipt,) = await _store(request, [command])
    if isinstance(receipt, MarqueeError):
        raise receipt
    return to_json(_accepted(receipt), 202, _replayed([receipt]))


@router.post(
    "/feedback/batch",
    operation_id="record_feedback_batch",
    summary="Record up to 100 events",
    response_model=BatchAnswer,
    responses=problems(
        "/feedback/batch",
        *OF_BODY,
        own={"invalid-request": of_field("events must hold at most 100 entries; got 101", "/events", "body")},
    ),
    openapi_extra={
        "parameters": [IDEMPOTENCY_PARAMETER],
        "requestBody": {"description": "The events; each is checked and stored on its own."},
    },
)
async def feedback_batch(request: Request, body: BatchBody) -> Response:
    """Store up to 100 events. Not atomic: each has its own result, with status 202 if stored."""
    key = _idempotency_key(request)
    commands: dict[int, FeedbackCommand] = {}
    results: list[dict[str, Any]] = [{}] * len(body.events)
    for index, event in enumerate(body.events):
        if isinstance(event, FeedbackBody):
            commands[index] = _command(request, event, key and f"{key}#{index}")
        else:
            results[index] = _refused(_why(event, index))
    receipts = await _store(request, list(commands.values())) if commands else []
    for index, receipt in zip(commands, receipts, strict=True):
        results[index] = _result(receipt, index)
    return to_json({"results": results}, 200, _replayed(receipts))


async def _store(request: Request, commands: list[FeedbackCommand]) -> list[Receipt | MarqueeError]:
    edge = edge_of(request)
    return await edge.blocking(edge.recommender.feedback, commands, edge.deadline())


def _command(request: Request, body: FeedbackBody, key: str | None) -> FeedbackCommand:
    idempotency = None
    if key is not None:
        scope = f"{context_of(request.scope).key_id or '-'}:{request.url.path}"
        idempotency = Idempotency(scope, key, _fingerprint(body))
    now_ms = edge_of(request).recommender.clock.now_ms()
    return FeedbackCommand(body.user_id, body.to_event(now_ms), body.recommendation_id, idempotency)


def _fingerprint(body: FeedbackBody) -> str:
    """Hash the parsed event, so that spelling does not matter; an omitted time stays omitted."""
    canonical = json.dumps(body.model_dump(exclude_none=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _PRINTABLE.fullmatch(key):
        raise RequestValidationError(
            [
                {
                    "type": "idempotency_key",
                    "loc": ("header", "Idempotency-Key"),
                    "msg": "must have 1 to 255 printable ASCII characters",
                    "input": key,
                }
            ]
        )
    return key


def _accepted(receipt: Receipt) -> dict[str, Any]:
    return {"event_id": receipt.event_id, "duplicate": receipt.duplicate, "item_id": receipt.item_id}


def _replayed(receipts: list[Receipt | MarqueeError]) -> dict[str, str]:
    stored = [receipt for receipt in receipts if isinstance(receipt, Receipt)]
    again = all(receipt.replayed for receipt in stored)
    changed = any(isinstance(receipt, IdempotencyMismatch) for receipt in receipts)
    return {"Idempotency-Replayed": "true"} if stored and again and not changed else {}


def _result(receipt: Receipt | MarqueeError, index: int) -> dict[str, Any]:
    if isinstance(receipt, MarqueeError):
        return _refused(_in_batch(receipt, index))
    return {"status": 202, **_accepted(receipt)}


def _refused(error: Exception) -> dict[str, Any]:
    problem = problem_of(error)
    return {"status": problem.status, "problem": problem.document()}


def _why(event: object, index: int) -> RequestValidationError:
    """Return the validation error of an event that was rejected."""
    try:
        FeedbackBody.model_validate(event)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        return RequestValidationError([{**e, "loc": ("body", "events", index, *e["loc"])} for e in problems])
    raise AssertionError("an event was rejected in a batch but is valid on its own")


def _in_batch(error: MarqueeError, index: int) -> MarqueeError:
    """Return the same error with its pointer relative to the whole body."""
    if isinstance(error, InvalidRequest):
        error.pointer = f"/events/{index}{error.pointer}"
    return error
