"""Breaking changes of the OpenAPI document are named; compatible ones are not."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.openapi.changes import breaking_changes
from tests.openapi.snapshot import document

Document = dict[str, Any]
DOCUMENT = document()


def changes_after(change: Callable[[Document], object]) -> list[str]:
    new = deepcopy(DOCUMENT)
    change(new)
    return breaking_changes(DOCUMENT, new)


def schema(described: Document, name: str) -> Document:
    return dict.__getitem__(described["components"]["schemas"], name)


def operation(described: Document, path: str, method: str) -> Document:
    return dict.__getitem__(described["paths"][path], method)


BREAKING: dict[str, Callable[[Document], object]] = {
    "GET /similar was removed": lambda d: d["paths"].pop("/similar"),
    "DELETE /users/{user_id} was removed": lambda d: d["paths"]["/users/{user_id}"].pop("delete"),
    "GET /similar: its operation id was 'similar', now 'like'": lambda d: operation(d, "/similar", "get").update(
        operationId="like"
    ),
    "GET /catalogue needs a key": lambda d: operation(d, "/catalogue", "get").update(security=[{"ApiKey": []}]),
    "GET /similar: the query parameter k was removed": lambda d: operation(d, "/similar", "get")["parameters"].pop(3),
    "GET /similar: the query parameter k is now required": lambda d: operation(d, "/similar", "get")["parameters"][
        3
    ].update(required=True),
    "GET /similar: the query parameter k: maximum fell to 50": lambda d: operation(d, "/similar", "get")["parameters"][
        3
    ]["schema"].update(maximum=50),
    "GET /similar: the query parameter page is new and required": lambda d: operation(d, "/similar", "get")[
        "parameters"
    ].append({"name": "page", "in": "query", "required": True, "schema": {}}),
    "POST /recommend: the body is now required": lambda d: operation(d, "/recommend", "post")["requestBody"].update(
        required=True
    ),
    "POST /recommend: the body was removed": lambda d: operation(d, "/recommend", "post").pop("requestBody"),
    "GET /version: a body is new and required": lambda d: operation(d, "/version", "get").update(
        requestBody={"required": True, "content": {}}
    ),
    "POST /feedback: the response 202 was removed": lambda d: operation(d, "/feedback", "post")["responses"].pop("202"),
    "POST /feedback: the response 202 lost the header Idempotency-Replayed": lambda d: operation(
        d, "/feedback", "post"
    )["responses"]["202"]["headers"].pop("Idempotency-Replayed"),
    "POST /feedback: the response 202 is no longer application/json": lambda d: operation(d, "/feedback", "post")[
        "responses"
    ]["202"]["content"].clear(),
    "RecommendBody.k was removed": lambda d: schema(d, "RecommendBody")["properties"].pop("k"),
    "RecommendBody.mood is new and required": lambda d: schema(d, "RecommendBody").update(
        required=["mood"], properties={**schema(d, "RecommendBody")["properties"], "mood": {"type": "string"}}
    ),
    "FeedbackBody.ts is now required": lambda d: schema(d, "FeedbackBody")["required"].append("ts"),
    "FeedbackBody.event no longer takes every value it took": lambda d: schema(d, "FeedbackBody")["properties"][
        "event"
    ]["enum"].remove("clear"),
    "RecommendBody.k: minimum rose to 5": lambda d: schema(d, "RecommendBody")["properties"]["k"].update(minimum=5),
    "RecommendBody.k no longer takes integer": lambda d: schema(d, "RecommendBody")["properties"]["k"].update(
        type="string"
    ),
    "FeedbackBody.recommendation_id: the pattern changed": lambda d: schema(d, "FeedbackBody")["properties"][
        "recommendation_id"
    ]["anyOf"][0].update(pattern="^x$"),
    "RecommendBody.liked: maxItems fell to 5": lambda d: schema(d, "RecommendBody")["properties"]["liked"]["anyOf"][
        0
    ].update(maxItems=5),
    "RecommendAnswer.cached was removed": lambda d: schema(d, "RecommendAnswer")["properties"].pop("cached"),
    "RecommendAnswer.cached may now be absent": lambda d: schema(d, "RecommendAnswer")["required"].remove("cached"),
    "RecommendedFilm.title may now be null": lambda d: schema(d, "RecommendedFilm")["properties"]["title"].update(
        type=["string", "null"]
    ),
    "RecommendedFilm.score may now be string": lambda d: schema(d, "RecommendedFilm")["properties"]["score"].update(
        type="string"
    ),
    "ProblemDocument.detail was removed": lambda d: schema(d, "ProblemDocument")["properties"].pop("detail"),
}
COMPATIBLE: dict[str, Callable[[Document], object]] = {
    "nothing": lambda d: None,
    "a new operation": lambda d: d["paths"].update({"/popular": {"get": operation(d, "/films", "get")}}),
    "a new optional field of a request": lambda d: schema(d, "RecommendBody")["properties"].update(
        mood={"type": "string"}
    ),
    "a new field of an answer": lambda d: schema(d, "RecommendAnswer").update(
        required=[*schema(d, "RecommendAnswer")["required"], "mood"],
        properties={**schema(d, "RecommendAnswer")["properties"], "mood": {"type": "string"}},
    ),
    "a wider limit": lambda d: schema(d, "RecommendBody")["properties"]["k"].update(maximum=200),
    "a number where an integer was taken": lambda d: schema(d, "RecommendBody")["properties"]["k"].update(
        type="number"
    ),
    "a new value of an event": lambda d: schema(d, "FeedbackBody")["properties"]["event"]["enum"].append("skip"),
    "a new error": lambda d: operation(d, "/similar", "get")["responses"].update({"410": {"description": "Gone"}}),
    "an answer that is never null any more": lambda d: schema(d, "RecommendedFilm")["properties"].update(
        year={"type": "integer"}
    ),
    "other words": lambda d: schema(d, "RecommendBody")["properties"]["k"].update(description="How many."),
}


@pytest.mark.parametrize("sentence", BREAKING)
def test_a_breaking_change_is_named(sentence: str) -> None:
    assert sentence in changes_after(BREAKING[sentence])


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_compatible_change_passes(name: str) -> None:
    assert changes_after(COMPATIBLE[name]) == []
