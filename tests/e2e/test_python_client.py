"""A Python client generated from the committed OpenAPI document, used against a running server."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.e2e.kit import Served
from tests.openapi.snapshot import SNAPSHOT
from tests.patience import PATIENCE_S

PACKAGE = "marquee_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The generated package, on ``sys.path``; a warning of the generator is an error."""
    folder = tmp_path_factory.mktemp("client")
    config = folder / "config.yml"
    config.write_text("post_hooks: []\n", "utf-8")
    program = str(Path(sys.executable).with_name("openapi-python-client"))
    command = [program, "generate", "--path", str(SNAPSHOT), "--meta", "none", "--fail-on-warning"]
    done = subprocess.run(
        [*command, "--config", str(config), "--output-path", str(folder / PACKAGE)],
        cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder / PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def client(generated: Path, served: Served) -> Iterator[Any]:
    with importlib.import_module(PACKAGE).Client(base_url=served.url, timeout=PATIENCE_S) as client:
        yield client


def call(name: str) -> ModuleType:
    """The module of an operation, such as ``films.similar``."""
    return importlib.import_module(f"{PACKAGE}.api.{name}")


def model(name: str) -> Any:
    return getattr(importlib.import_module(f"{PACKAGE}.models"), name)


def test_every_operation_is_generated_with_every_error_typed(generated: Path) -> None:
    paths = json.loads(SNAPSHOT.read_text("utf-8"))["paths"]
    for operations in paths.values():
        for operation in operations.values():
            module = generated / "api" / operation["tags"][0] / f"{operation['operationId']}.py"
            text = module.read_text("utf-8")
            for status in operation["responses"]:
                if int(status) >= 400:
                    assert f"response_{status} = ProblemDocument.from_dict" in text, (module.name, status)


def test_recommend_and_similar_have_typed_answers(client: Any) -> None:
    answer = call("recommend.recommend").sync(client=client, body=model("RecommendBody")(k=3, explain=True))
    assert isinstance(answer, model("RecommendAnswer"))
    film = answer.items[0]
    assert (len(answer.items), isinstance(film.title, str), 0 <= film.score <= 1) == (3, True, True)
    alike = call("films.similar").sync(client=client, item_id=film.item_id, k=2)
    assert isinstance(alike, model("SimilarAnswer"))
    assert film.item_id not in {similar.item_id for similar in alike.items}


@pytest.mark.parametrize("field", ["item_ids", "imdb_ids", "tmdb_ids"])
def test_from_films_accepts_any_kind_of_id(client: Any, field: str) -> None:
    film = call("recommend.recommend").sync(client=client, body=model("RecommendBody")(k=1)).items[0]
    body = model("FromFilmsBody")(**{field: [getattr(film, field.removesuffix("s"))]}, top_n=2)
    answer = call("recommend.recommend_from_films").sync(client=client, body=body)
    assert isinstance(answer, model("FromFilmsAnswer")), answer
    assert len(answer.recommendations) == 2


def test_repeated_feedback_is_a_replay(client: Any) -> None:
    film = call("recommend.recommend").sync(client=client, body=model("RecommendBody")(k=1)).items[0]
    event = model("FeedbackBodyEvent").LIKE
    body = model("FeedbackBody")(user_id="generated", item_id=film.item_id, event=event)
    first, again = (
        call("feedback.record_feedback").sync_detailed(client=client, body=body, idempotency_key="once")
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.parsed.event_id == again.parsed.event_id
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_a_batch_has_a_result_for_each_event(client: Any) -> None:
    film = call("recommend.recommend").sync(client=client, body=model("RecommendBody")(k=1)).items[0]
    events = [
        model("FeedbackBody")(user_id="batch", item_id=item_id, event=model("FeedbackBodyEvent").WATCH)
        for item_id in (film.item_id, "no such film")
    ]
    answer = call("feedback.record_feedback_batch").sync(client=client, body=model("BatchBody")(events=events))
    assert [result.status for result in answer.results] == [202, 404]
    assert answer.results[1].problem.type_ == "/problems/unknown-film"


def test_an_error_has_a_typed_body(client: Any) -> None:
    refused = call("recommend.recommend").sync_detailed(client=client, body=model("RecommendBody")(k=101))
    assert refused.status_code == 422
    assert isinstance(refused.parsed, model("ProblemDocument"))
    assert refused.parsed.type_ == "/problems/invalid-request"
    assert [(fault.pointer, fault.location) for fault in refused.parsed.errors] == [("/k", "body")]
    missing = call("films.get_film").sync(client=client, item_id="no such film")
    assert (missing.status, missing.type_) == (404, "/problems/unknown-film")


def test_cursors_lead_through_all_pages(client: Any) -> None:
    genre = model("FiltersBodyGenresType0Item").WESTERN
    body = model("RecommendBody")(k=5, filters=model("FiltersBody")(genres=[genre]))
    film_ids: list[str] = []
    while True:
        page = call("recommend.recommend").sync(client=client, body=body)
        film_ids += [film.item_id for film in page.items]
        if page.next_cursor is None:
            break
        body.cursor = page.next_cursor
    counts = {entry.name: entry.films for entry in call("films.get_catalogue").sync(client=client).genres}
    assert len(film_ids) == len(set(film_ids)) == counts["Western"]


def test_a_matching_etag_is_not_modified(client: Any) -> None:
    first = call("films.search_films").sync_detailed(client=client, q="the")
    etag = first.headers["etag"]
    assert call("films.search_films").sync_detailed(client=client, q="the", if_none_match=etag).status_code == 304


def test_other_operations_have_typed_answers(client: Any) -> None:
    film = call("recommend.recommend").sync(client=client, body=model("RecommendBody")(k=1)).items[0]
    body = model("FeedbackBody")(user_id="leaver", item_id=film.item_id, event=model("FeedbackBodyEvent").LIKE)
    call("feedback.record_feedback").sync(client=client, body=body)
    stored = call("people.export_user").sync(client=client, user_id="leaver")
    assert isinstance(stored, model("ExportAnswer"))
    assert [event.item_id for event in stored.events] == [film.item_id]
    assert call("people.erase_user").sync_detailed(client=client, user_id="leaver").status_code == 204
    assert call("people.export_user").sync(client=client, user_id="leaver").type_ == "/problems/unknown-person"
    assert call("films.get_film").sync(client=client, item_id=film.item_id).title == film.title
    assert call("operations.get_readiness").sync(client=client).status == "ok"
    assert call("operations.get_liveness").sync(client=client).status == "ok"
    assert call("operations.get_version").sync(client=client).films > 0
