"""The public surface, name by name: a change here is a change of the API."""

import inspect
import json
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter

import services
from services.api.app.errors import KINDS, OF_STATUS, kind_of
from services.api.app.main import EXPOSED
from services.api.app.openapi_errors import COMMON, NOT_READY, UNKNOWN_PERSON
from services.api.app.schemas import models, problem, responses
from services.api.app.schemas.problem import ProblemDocument
from services.api.app.security.api_keys import make_key
from services.recommender import errors
from services.recommender.ports import ApiKey
from tests.api.fakes import PEPPER, PEPPER_SECRET, DictKeys, fake_app, fake_client

ROUTES = {
    ("POST", "/recommend"): {200, 400, 401, 403, 405, 413, 415, 421, 422, 429, 500, 503},
    ("POST", "/recommend/from-films"): {200, 400, 401, 403, 405, 413, 415, 421, 422, 429, 500, 503},
    ("POST", "/feedback"): {202, 400, 401, 403, 404, 405, 413, 415, 421, 422, 429, 500, 503},
    ("POST", "/feedback/batch"): {200, 400, 401, 403, 405, 413, 415, 421, 422, 429, 500, 503},
    ("GET", "/similar"): {200, 304, 401, 403, 404, 405, 421, 422, 429, 500, 503},
    ("GET", "/films"): {200, 304, 401, 403, 405, 421, 422, 429, 500, 503},
    ("GET", "/films/{item_id}"): {200, 304, 401, 403, 404, 405, 421, 422, 429, 500, 503},
    ("GET", "/catalogue"): {200, 304, 403, 405, 421, 500, 503},
    ("GET", "/users/{user_id}/export"): {200, 401, 403, 404, 405, 421, 422, 429, 500, 503},
    ("POST", "/users/{user_id}/import"): {200, 401, 403, 405, 413, 421, 422, 429, 500, 503},
    ("DELETE", "/users/{user_id}"): {204, 401, 403, 404, 405, 421, 422, 429, 500, 503},
    ("GET", "/health/live"): {200, 405, 421, 500},
    ("GET", "/health/ready"): {200, 401, 403, 405, 421, 422, 429, 500, 503},
    ("GET", "/version"): {200, 403, 405, 421, 500, 503},
}
FIELDS = {
    "RecommendBody": "user_id k explain liked disliked tmdb_ids imdb_ids query understand ignore_conditions filters "
    "only_item_ids exclude_item_ids include_seen diversity familiarity cursor preset",
    "FiltersBody": "genres not_genres year_from year_to runtime_to languages min_votes",
    "FromFilmsBody": "tmdb_ids item_ids imdb_ids top_n preset",
    "FeedbackBody": "user_id item_id tmdb_id imdb_id event value ts recommendation_id",
    "BatchBody": "events",
    "RecommendAnswer": "user_id items model_version index_version cached strategy degraded recommendation_id "
    "next_cursor ignored_ids understood matched",
    "RecommendedFilm": "item_id title year genres tmdb_id imdb_id score reason match explanation signals",
    "UnderstoodQuery": "text conditions",
    "UnderstoodCondition": "id kind text words applied",
    "SimilarAnswer": "item_id title items model_version index_version degraded",
    "AffineFilm": "movie_id title genres affinity_score",
    "FeedbackAnswer": "event_id duplicate item_id",
    "EventResult": "status event_id duplicate item_id problem",
    "ImportAnswer": "user_id source rows films stored already_stored events matched_by skipped doubtful_films doubtful "
    "unmatched_films unmatched recommendations",
    "ListedRow": "place title year candidates",
    "CatalogueAnswer": "films genres years languages demo_users auth_required",
    "ProblemDocument": "type title status detail instance request_id errors",
}
MODELS = sorted(
    {
        model
        for module in (models, responses, problem)
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, BaseModel) and model.model_fields
    },
    key=lambda model: model.__name__,
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return fake_app().openapi()


def test_the_routes(document: dict[str, Any]) -> None:
    documented = {
        (method.upper(), path): {int(status) for status in operation["responses"]}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert documented == ROUTES


@pytest.mark.parametrize("name", FIELDS)
def test_the_fields(document: dict[str, Any], name: str) -> None:
    assert list(document["components"]["schemas"][name]["properties"]) == FIELDS[name].split()


def test_every_error_is_a_problem_document(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"]


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= document["components"]["schemas"].keys()
    assert "HTTPValidationError" not in text


def test_every_operation_has_a_description_and_tags(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["description"]
            assert operation["tags"]


def test_every_request_model_has_an_example(document: dict[str, Any]) -> None:
    for name in ("RecommendBody", "FromFilmsBody", "FeedbackBody", "BatchBody"):
        assert document["components"]["schemas"][name]["examples"]


def test_the_examples_work() -> None:
    schemas = fake_app().openapi()["components"]["schemas"]
    client = fake_client()
    paths = {"RecommendBody": "/recommend", "FromFilmsBody": "/recommend/from-films", "FeedbackBody": "/feedback"}
    for name, path in paths.items():
        for example in schemas[name]["examples"]:
            assert client.post(path, json=example).status_code < 300


def test_limits_are_in_the_schema(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["RecommendBody"]["properties"]
    assert (fields["k"]["minimum"], fields["k"]["maximum"], fields["k"]["default"]) == (1, 100, 20)
    assert fields["liked"]["anyOf"][0]["maxItems"] == 500
    assert fields["exclude_item_ids"]["anyOf"][0]["maxItems"] == 1_000
    assert fields["only_item_ids"]["anyOf"][0]["maxItems"] == 10_000


def test_the_idempotency_key_is_documented(document: dict[str, Any]) -> None:
    for path in ("/feedback", "/feedback/batch"):
        names = [parameter["name"] for parameter in document["paths"][path]["post"]["parameters"]]
        assert names == ["Idempotency-Key"]


def test_titles_of_models_are_unique(document: dict[str, Any]) -> None:
    titles = [schema.get("title", name) for name, schema in document["components"]["schemas"].items()]
    assert sorted(titles) == sorted(document["components"]["schemas"])


def test_operation_ids_are_names_for_client_generators(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operations in document["paths"].values() for operation in operations.values()]
    assert sorted(names) == [
        "erase_user", "export_user", "get_catalogue", "get_film", "get_liveness", "get_readiness", "get_version",
        "import_history", "recommend", "recommend_from_films", "record_feedback", "record_feedback_batch",
        "search_films", "similar",
    ]  # fmt: skip


def test_every_field_is_described_with_an_example(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert described["description"], f"{name}.{field}"
            assert described["examples"], f"{name}.{field}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_examples_of_fields_are_valid_values(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        # ``Annotated`` needs at least one annotation, and many fields have no limits.
        values: TypeAdapter[Any] = TypeAdapter(Annotated[(field.annotation, name, *field.metadata)])
        for example in field.examples or ():
            values.validate_json(json.dumps(example), extra="forbid")


def test_every_request_body_is_described_with_an_example_that_works(document: dict[str, Any]) -> None:
    client = fake_client()
    described = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody")
            if body is None:
                continue
            described += 1
            assert body["description"], path
            ((media_type, content),) = body["content"].items()
            examples = [content["example"]] if "example" in content else schema_of(document, content)["examples"]
            assert examples, path
            for example in examples:
                sent = example if isinstance(example, str) else json.dumps(example)
                headers = {"Content-Type": media_type}
                response = client.request(method, path.format(user_id="u1"), content=sent.encode(), headers=headers)
                assert response.status_code < 300, (path, response.text)
                assert not any(result["status"] >= 300 for result in response.json().get("results", ())), response.text
    assert described == 5


def schema_of(document: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that the content of a body refers to."""
    name = content["schema"]["$ref"].removeprefix("#/components/schemas/")
    return dict(document["components"]["schemas"][name])


def test_every_parameter_and_header_is_described_with_an_example(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                assert parameter["description"], (path, parameter["name"])
                assert parameter.get("example") or parameter["schema"]["examples"], (path, parameter["name"])
    for header in document["components"]["headers"].values():
        assert header["description"]
        assert header["example"]


def test_every_error_has_an_example_that_matches_its_kind(document: dict[str, Any]) -> None:
    kinds = {kind.slug: kind for kind in (*KINDS.values(), *OF_STATUS.values(), UNKNOWN_PERSON, NOT_READY)}
    slugs: set[str] = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                for content in response.get("content", {}).values() if int(status) >= 400 else ():
                    assert content["examples"]
                    assert {kinds[slug].status for slug in content["examples"]} == {int(status)}
                    slugs |= content["examples"].keys()
                    for slug, example in content["examples"].items():
                        kind, value = kinds[slug], ProblemDocument.model_validate(example["value"], extra="forbid")
                        assert example["summary"] == kind.title
                        assert (value.type, value.title, value.status) == (f"/problems/{slug}", kind.title, kind.status)
    assert COMMON.keys() <= slugs


def test_sent_headers_are_documented() -> None:
    app = {"keys": DictKeys({"k1": ApiKey("k1", "", limit=2)}), "key_pepper": PEPPER_SECRET, "auth_required": True}
    client, described = fake_client(**app), fake_app(**app).openapi()["paths"]
    key = {"X-API-Key": make_key("k1", PEPPER)}
    similar = client.get("/similar", params={"item_id": "6"}, headers=key)
    headers = {"Idempotency-Key": "once", **key}
    body = {"user_id": "u1", "item_id": "6", "event": "like"}
    client.post("/feedback", json=body, headers=headers)
    throttled = client.post("/feedback", json=body, headers=headers)
    for response, path, method in ((similar, "/similar", "get"), (throttled, "/feedback", "post")):
        documented = {
            name.lower() for name in described[path][method]["responses"][str(response.status_code)]["headers"]
        }
        sent = {name for name in response.headers if name in {name.lower() for name in EXPOSED}}
        assert sent <= documented
    assert throttled.status_code == 429
    assert "retry-after" in throttled.headers
    assert "etag" in similar.headers


def test_the_replay_header_is_as_documented(document: dict[str, Any]) -> None:
    client = fake_client()
    body = {"user_id": "u1", "item_id": "6", "event": "like"}
    first, again = (client.post("/feedback", json=body, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == document["components"]["headers"]["Idempotency-Replayed"]["example"]
    for status in ("304", "200"):
        assert "ETag" in document["paths"]["/similar"]["get"]["responses"][status]["headers"]


def test_a_matching_etag_is_answered_304_as_documented() -> None:
    client = fake_client()
    etag = client.get("/films", params={"q": "heat"}).headers["etag"]
    assert client.get("/films", params={"q": "heat"}, headers={"If-None-Match": etag}).status_code == 304


def test_servers_tags_and_version_are_documented(document: dict[str, Any]) -> None:
    assert [server["url"] for server in document["servers"]] == ["/"]
    used = {tag for operations in document["paths"].values() for item in operations.values() for tag in item["tags"]}
    assert {tag["name"] for tag in document["tags"]} == used
    assert all(tag["description"] for tag in document["tags"])
    assert document["info"]["version"] == services.__version__


def test_every_model_is_a_plain_object_or_enum(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["type"] == "object" or "enum" in schema, name
        assert not {"anyOf", "oneOf", "allOf"} & schema.keys(), name


def test_the_api_key_is_documented_if_keys_are_required() -> None:
    keys = DictKeys({"k1": ApiKey("k1", "")})
    document = fake_app(keys=keys, key_pepper=PEPPER_SECRET, auth_required=True).openapi()
    assert document["components"]["securitySchemes"]["ApiKey"]["name"] == "X-API-Key"
    secured = {path for path, ops in document["paths"].items() if all("security" in op for op in ops.values())}
    assert secured == {path for _, path in ROUTES} - {"/catalogue", "/health/live", "/health/ready", "/version"}


def test_exactly_the_paths_documented_as_public_are_public() -> None:
    keys = DictKeys({"k1": ApiKey("k1", "")})
    app = {"keys": keys, "key_pepper": PEPPER_SECRET, "auth_required": True}
    client, document = fake_client(**app), fake_app(**app).openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            status = client.request(method, path.replace("{item_id}", "6").replace("{user_id}", "u1")).status_code
            assert (status == 401) == ("security" in operation), path
    assert make_key("k1", PEPPER)


@pytest.mark.parametrize(
    "cls", [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.MarqueeError)]
)
def test_every_error_of_the_core_has_a_kind(cls: type[errors.MarqueeError]) -> None:
    assert cls in KINDS or cls is errors.MarqueeError


def test_a_subclass_has_the_kind_of_its_parent() -> None:
    class Odd(errors.StateUnavailable):
        """A subclass that is not in the table."""

    assert kind_of(Odd("x")) is KINDS[errors.StateUnavailable]
    assert kind_of(KeyError("x")).status == 500


def test_problem_types_are_distinct() -> None:
    slugs = [kind.slug for kind in KINDS.values()]
    assert len(set(slugs)) == len(slugs)
