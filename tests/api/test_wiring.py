"""The API on the services that bootstrap wires, directly and behind Mangum; a missing bundle is reported."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.explain.template import TemplateExplainer
from services.api.app import lambda_handler
from services.api.app.main import create_app
from services.api.app.security.api_keys import make_key
from services.api.app.services import WEB_DIR, AppServices
from services.bootstrap import build_services, cached_work
from services.recommender.cache import ALL_WORK, Work
from services.recommender.ports import ApiKey
from services.settings import Settings, load_settings
from tests.damage import flip_bit

PEPPER = "0123456789abcdef"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a bundle; no ``.env`` is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "home"))
    return tmp_path


def settings_with(**changes: Any) -> Settings:
    """Settings of a test."""
    return load_settings(**changes)


def test_the_api_takes_its_settings_from_bootstrap(home: Path) -> None:
    wired = build_services(
        settings_with(api_keys=True, api_key_pepper=PEPPER, demo_users="a, b", cors_origins="https://films.example")
    )
    services = AppServices.of(wired, inline=False)
    assert (services.auth_required, services.key_pepper()) == (True, (PEPPER,))
    assert (services.demo_users, services.cors_origins) == (("a", "b"), ("https://films.example",))
    assert services.admits_unread_keys is False
    assert AppServices.of(replace(wired, settings=settings_with(unread_keys="serve"))).admits_unread_keys is True
    assert (services.recommender, services.inline, services.web_dir) == (wired.recommender, False, WEB_DIR)
    wired.close()


def test_without_a_bundle_it_is_alive_but_not_ready(home: Path) -> None:
    with TestClient(create_app(AppServices.of(build_services(settings_with())))) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready?deep=1")
        assert (ready.status_code, ready.json()["errors"][0]["pointer"]) == (503, "/bundle")
        answer = client.post("/recommend", json={"user_id": "u1"})
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/bundle-missing")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_server_with_one_flipped_bit_in_its_bundle_is_not_ready(
    home: Path, small_home: Path, data: st.DataObject
) -> None:
    copy = home / "home"
    if not copy.exists():
        shutil.copytree(small_home, copy)
    files = sorted(path for path in (copy / "bundles").rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    before = path.read_bytes()
    flip_bit(path, data.draw(st.integers(0, len(before) * 8 - 1)))
    try:
        with TestClient(create_app(AppServices.of(build_services(settings_with())))) as client:
            ready = client.get("/health/ready").json()
            assert (ready["status"], ready["errors"][0]["pointer"]) == (503, "/bundle")
            assert path.name in ready["detail"]
            answer = client.post("/recommend", json={"k": 1})
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/bundle-damaged")
    finally:
        path.write_bytes(before)


def test_keys_and_quota_of_the_embedded_store(home: Path) -> None:
    wired = build_services(settings_with(api_keys=True, api_key_pepper=PEPPER))
    wired.keys.put(ApiKey("k1", "a service", limit=2, window_s=60))
    headers = {"X-API-Key": make_key("k1", PEPPER.encode())}
    with TestClient(create_app(AppServices.of(wired))) as client:
        statuses = [client.get("/nope", headers=headers).status_code for _ in range(3)]
        assert statuses == [404, 404, 429]
        assert client.get("/nope").status_code == 401


def test_with_dynamodb_tables_the_state_is_there_and_answers_run_in_threads(home: Path) -> None:
    # No server listens there: wiring must not connect.
    wired = build_services(settings_with(ddb_users_table="people", ddb_endpoint="http://127.0.0.1:9"))
    assert type(wired.state).__name__ == "DynamoState"
    assert not (home / "home" / "state.db").exists()
    assert not AppServices.of(wired).inline
    assert AppServices.of(wired, inline=True).inline
    wired.close()


def test_only_embedded_services_are_answered_inline(home: Path) -> None:
    wired = build_services(settings_with())
    assert AppServices.of(wired).inline
    wired.close()
    assert not settings_with(opensearch_endpoint="http://127.0.0.1:9").is_embedded


def test_the_demo_page_can_be_disabled(home: Path) -> None:
    for enabled, status in ((True, 200), (False, 404)):
        with TestClient(create_app(AppServices.of(build_services(settings_with(demo_page=enabled))))) as client:
            assert client.get("/").status_code == status
            assert client.get("/docs").status_code == 200


def test_the_request_deadline_is_a_setting(home: Path) -> None:
    wired = build_services(settings_with(request_deadline_ms=5_000))
    assert wired.recommender.options.deadline_s == 5.0
    wired.close()


TABLES = {"ddb_users_table": "people", "ddb_endpoint": "http://127.0.0.1:9"}
REMOTE = {"opensearch_endpoint": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ALL_WORK),
        (REMOTE, ALL_WORK),
        (TABLES, Work(0)),
        (TABLES | REMOTE, Work.SEARCHED),
        (TABLES | {"cache_answers": "all"}, ALL_WORK),
        ({"cache_answers": "dear"}, Work(0)),
    ],
)
def test_the_cached_work_follows_from_the_stores(home: Path, changes: dict[str, str], expected: Work) -> None:
    settings = settings_with(**changes)
    assert cached_work(settings, TemplateExplainer()) == expected
    model_explainer: Any = object()
    assert Work.EXPLAINED in cached_work(settings, model_explainer)


def test_the_origin_header_is_checked_if_a_secret_is_set(home: Path) -> None:
    wired = build_services(settings_with(origin_secret="new, old"))
    with TestClient(create_app(AppServices.of(wired))) as client:
        assert client.get("/version").status_code == 403
        for secret in ("new", "old"):
            answer = client.get("/films/1", headers={"X-Origin-Verify": secret})
            assert answer.json()["type"] == "/problems/bundle-missing"


def test_remote_secrets_are_not_read_before_they_are_needed(home: Path) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:pepper"
    wired = build_services(settings_with(api_keys=True, api_key_pepper_arn=arn, origin_secret_arn=arn))
    services = AppServices.of(wired)
    assert services.key_pepper is not None
    assert services.origin_secret is not None
    with TestClient(create_app(services)) as client:
        assert client.get("/health/live").status_code == 200


@pytest.fixture
def loop() -> Iterator[None]:
    """An event loop for Mangum, which otherwise creates one and never closes it."""
    event_loop = asyncio.new_event_loop()
    asyncio.set_event_loop(event_loop)
    yield
    asyncio.set_event_loop(None)
    event_loop.close()


def event(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    """An HTTP API event, payload version 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "api.example"},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"}},
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/health/live", None, 200),
        ("POST", "/recommend", '{"k": 101}', 422),
        ("POST", "/recommend", "{", 400),
        ("POST", "/recommend", "{}", 503),
        ("GET", "/nope", None, 404),
    ],
)
@pytest.mark.usefixtures("home", "loop")
def test_the_lambda_handler(method: str, path: str, body: str | None, status: int) -> None:
    lambda_handler.function.cache_clear()
    answer = lambda_handler.handler(event(method, path, body), None)
    lambda_handler.function().adapter.app.state.edge.close()  # type: ignore[attr-defined]
    assert answer["statusCode"] == status
    if status >= 400:
        assert answer["headers"]["content-type"] == "application/problem+json"
        assert json.loads(answer["body"])["instance"] == path
