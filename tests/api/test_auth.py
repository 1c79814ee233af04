"""API keys: format, records and scopes; quotas with and without a store."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from services.api.app.context import RequestContext
from services.api.app.edge import Edge
from services.api.app.security.api_keys import key_id_of, make_key
from services.api.app.security.auth import MAX_RECORDS, Authenticator, require
from services.api.app.security.quota import LocalQuota, QuotaGuard
from services.api.app.services import AppServices
from services.recommender.errors import Forbidden, Overloaded, QuotaExceeded, StateBusy, Unauthorized
from services.recommender.ports import ApiKey, Quota
from services.recommender.quota_window import Window, admit
from tests.api.fakes import (
    PEPPER,
    PEPPER_SECRET,
    CountingQuota,
    DictKeys,
    FakeRecommender,
    fake_app,
    fake_client,
)
from tests.builders import ManualClock

SERVE = ApiKey("k1", "a service")
ADMIN = ApiKey("boss", "an operator", frozenset({"serve", "admin"}))
KEY = {"X-API-Key": make_key("k1", PEPPER)}
BOSS = {"X-API-Key": make_key("boss", PEPPER)}


@pytest.fixture
def keys() -> DictKeys:
    return DictKeys({"k1": SERVE, "boss": ADMIN})


@pytest.fixture
def recommender() -> FakeRecommender:
    return FakeRecommender(people={"u1"})


def guarded(recommender: FakeRecommender, keys: DictKeys, **settings: Any) -> TestClient:
    """A client of an application that requires API keys."""
    return fake_client(recommender, keys=keys, key_pepper=PEPPER_SECRET, auth_required=True, **settings)


@given(st.from_regex(r"[A-Za-z0-9-]{1,64}", fullmatch=True))
def test_an_issued_key_is_valid(key_id: str) -> None:
    key = make_key(key_id, PEPPER)
    assert key.startswith(f"mq_{key_id}_")
    assert len(key.rpartition("_")[2]) >= 32
    assert key_id_of(key, PEPPER) == key_id


@given(st.text(max_size=80) | st.builds("mq_{}_{}".format, st.text(max_size=9), st.text(max_size=40)))
def test_a_forged_key_is_refused(key: str) -> None:
    with pytest.raises(Unauthorized):
        key_id_of(key, PEPPER)


@pytest.mark.parametrize("change", [lambda k: k[:-1], lambda k: k + "0", lambda k: k.replace("k1", "k2"), str.upper])
def test_a_changed_key_is_refused(change: Any) -> None:
    with pytest.raises(Unauthorized, match="not valid"):
        key_id_of(change(make_key("k1", PEPPER)), PEPPER)


def test_a_key_of_another_pepper_is_refused() -> None:
    with pytest.raises(Unauthorized):
        key_id_of(make_key("k1", b"another"), PEPPER)


@pytest.mark.parametrize("key_id", ["", "a_b", "a b", "x" * 65, "é"])
def test_invalid_key_ids_are_refused(key_id: str) -> None:
    with pytest.raises(ValueError, match="letters, digits or dashes"):
        make_key(key_id, PEPPER)


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "mq_k1_" + "0" * 40}, {"X-API-Key": "\u00e9".encode("latin-1")}])
@pytest.mark.parametrize("path", ["/similar?item_id=6", "/nope", "/users/u1/export"])
def test_a_request_without_a_valid_key_is_unauthorized(
    recommender: FakeRecommender, keys: DictKeys, headers: dict[str, Any], path: str
) -> None:
    response = guarded(recommender, keys).get(path, headers=headers)
    assert (response.status_code, response.json()["type"]) == (401, "/problems/unauthorized")
    assert response.headers["www-authenticate"].startswith("ApiKey")
    assert response.headers["content-type"] == "application/problem+json"
    assert keys.reads == 0


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/version", "/catalogue", "/openapi.json", "/docs"])
def test_public_paths_need_no_key(recommender: FakeRecommender, keys: DictKeys, path: str) -> None:
    assert guarded(recommender, keys).get(path).status_code == 200


def test_the_deep_readiness_check_needs_a_key(recommender: FakeRecommender, keys: DictKeys) -> None:
    client = guarded(recommender, keys)
    for query in ("deep=1", "deep=true", "x=1&deep=yes", "%64eep=1", "dee%70=1", "%64%65%65%70=true", "deep"):
        assert client.get(f"/health/ready?{query}").status_code == 401
    assert client.get("/health/ready?deep=1", headers=KEY).status_code == 200


def test_a_pepper_that_has_to_be_fetched_does_not_block_the_loop(recommender: FakeRecommender, keys: DictKeys) -> None:
    threads: list[threading.Thread] = []

    class RemotePepper:
        is_cached = False

        def __call__(self) -> tuple[str, ...]:
            threads.append(threading.current_thread())
            return (PEPPER.decode(),)

    client = fake_client(recommender, keys=keys, key_pepper=RemotePepper(), auth_required=True)
    with client:
        assert client.post("/recommend", headers=KEY).status_code == 200
        loop = client.portal.call(threading.current_thread)
    assert threads
    assert loop not in threads


def test_the_catalogue_says_that_a_key_is_needed(recommender: FakeRecommender, keys: DictKeys) -> None:
    assert guarded(recommender, keys).get("/catalogue").json()["auth_required"] is True


def test_a_body_is_not_read_without_a_key(recommender: FakeRecommender, keys: DictKeys) -> None:
    assert guarded(recommender, keys).post("/recommend", content=b"{").status_code == 401


def test_the_record_of_a_key_is_cached_for_a_minute(recommender: FakeRecommender, keys: DictKeys) -> None:
    client = guarded(recommender, keys)
    for _ in range(3):
        assert client.post("/recommend", headers=KEY).status_code == 200
    assert keys.reads == 1
    keys.put(replace(SERVE, revoked=True))
    recommender.clock.advance(59)
    assert client.post("/recommend", headers=KEY).status_code == 200
    recommender.clock.advance(2)
    assert client.post("/recommend", headers=KEY).status_code == 401


def test_a_valid_key_missing_from_the_store_is_refused(recommender: FakeRecommender) -> None:
    response = guarded(recommender, DictKeys()).post("/recommend", headers=KEY)
    assert (response.status_code, "revoked or never issued" in response.text) == (401, True)


@pytest.mark.parametrize(("method", "path"), [("GET", "/users/u1/export"), ("DELETE", "/users/u1")])
def test_personal_data_needs_the_admin_scope(
    recommender: FakeRecommender, keys: DictKeys, method: str, path: str
) -> None:
    client = guarded(recommender, keys)
    response = client.request(method, path, headers=KEY)
    assert (response.status_code, response.json()["type"]) == (403, "/problems/forbidden")
    assert "'admin'" in response.json()["detail"]
    assert client.request(method, path, headers=BOSS).status_code in (200, 204)


def test_a_missing_scope_is_forbidden() -> None:
    assert require(ADMIN, "admin") is ADMIN
    with pytest.raises(Forbidden, match="it has: none"):
        require(replace(SERVE, scopes=frozenset()), "serve")


def test_idempotency_keys_are_scoped_by_api_key(recommender: FakeRecommender, keys: DictKeys) -> None:
    client = guarded(recommender, keys)
    body = {"user_id": "u1", "item_id": "6", "event": "like"}
    for headers in (KEY, BOSS):
        response = client.post("/feedback", json=body, headers={**headers, "Idempotency-Key": "same"})
        assert "idempotency-replayed" not in response.headers
    assert [command.idempotency and command.idempotency.scope for command in recommender.stored] == [
        "k1:/feedback",
        "boss:/feedback",
    ]


def test_a_cached_key_is_accepted_while_the_store_is_down(recommender: FakeRecommender, keys: DictKeys) -> None:
    client = guarded(recommender, keys)
    client.post("/recommend", headers=BOSS)
    keys.down = True
    recommender.clock.advance(61)
    response = client.get("/users/u1/export", headers=BOSS)
    assert (response.status_code, response.headers["x-marquee-degraded"]) == (200, "keys")


def test_an_uncached_key_is_refused_while_the_store_is_down(recommender: FakeRecommender, keys: DictKeys) -> None:
    keys.put(replace(SERVE, revoked=True))
    keys.down = True
    client = guarded(recommender, keys)
    for headers in (KEY, BOSS):
        response = client.post("/recommend", headers=headers)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.json()["type"] == "/problems/state-unavailable"
    assert not recommender.requests
    assert client.get("/health/live").status_code == 200
    keys.down = False
    assert client.post("/recommend", headers=BOSS).status_code == 200
    assert client.post("/recommend", headers=KEY).status_code == 401


def test_an_uncached_key_may_be_admitted_by_a_setting_for_serving_only(
    recommender: FakeRecommender, keys: DictKeys
) -> None:
    keys.down = True
    client = guarded(recommender, keys, admits_unread_keys=True)
    response = client.post("/recommend", headers=BOSS)
    assert (response.status_code, response.headers["x-marquee-degraded"]) == (200, "keys")
    assert response.headers["ratelimit-policy"] == '"default";q=60;w=60'
    assert client.delete("/users/u1", headers=BOSS).status_code == 403


@pytest.mark.anyio
async def test_the_cache_of_records_is_bounded() -> None:
    keys = DictKeys({f"k{n}": ApiKey(f"k{n}", "") for n in range(3)})
    edge = Edge(AppServices(recommender=FakeRecommender()))
    authenticator = Authenticator(keys, PEPPER_SECRET, ManualClock(), edge)
    authenticator._records = {f"old{n}": (9e9, None) for n in range(MAX_RECORDS)}
    for n in range(3):
        await authenticator.authenticate(make_key(f"k{n}", PEPPER))
    assert len(authenticator._records) == 3
    edge.close()


def test_the_quota_is_enforced_and_shown_in_headers(recommender: FakeRecommender) -> None:
    keys = DictKeys({"k1": replace(SERVE, limit=2, window_s=60)})
    client = guarded(recommender, keys, quota=CountingQuota())
    answers = [client.post("/recommend", headers=KEY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"default";r=1;t=7',
        '"default";r=0;t=7',
        '"default";r=0;t=7',
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"default";q=2;w=60'}
    assert answers[2].headers["retry-after"] == "7"
    assert answers[2].json()["type"] == "/problems/quota-exceeded"
    assert "2 requests in 60 s" in answers[2].json()["detail"]
    assert len(recommender.requests) == 2


def test_a_key_without_a_limit_has_no_quota(recommender: FakeRecommender, keys: DictKeys) -> None:
    quota = CountingQuota()
    response = guarded(recommender, keys, quota=quota).post("/recommend", headers=KEY)
    assert "ratelimit" not in response.headers
    assert quota.counts == {}


@pytest.mark.parametrize("store", [None, CountingQuota(down=True)])
def test_without_a_quota_store_the_process_counts(recommender: FakeRecommender, store: CountingQuota | None) -> None:
    keys = DictKeys({"k1": replace(SERVE, limit=3, window_s=60)})
    client = guarded(recommender, keys, quota=store)
    answers = [client.post("/recommend", headers=KEY) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers.get("x-marquee-degraded") for answer in answers] == [None if store is None else "quota"] * 5
    recommender.clock.advance(120)
    assert client.post("/recommend", headers=KEY).status_code == 200


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=60), st.integers(1, 5))
def test_the_local_quota_never_admits_more_than_the_limit_in_any_window(steps: list[int], limit: int) -> None:
    quota, now, admitted = LocalQuota(), 1_000_000, []
    for step in steps:
        now += step
        if quota.admit("k", limit, 60, now).allowed:
            admitted.append(now)
    assert all(sum(at - 60_000 < earlier <= at for earlier in admitted) <= limit for at in admitted)


@given(st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), min_size=1, max_size=60), st.integers(1, 5))
def test_an_intermittent_store_never_exceeds_the_limit(steps: list[tuple[int, bool]], limit: int) -> None:
    quota, store, now, admitted = LocalQuota(), Window(6_000), 1_000_000, []
    for step, down in steps:
        now += step
        if down:
            answer = quota.admit("k", limit, 60, now)
        else:
            store, stored = admit(store, limit, now)
            answer = quota.confirm("k", stored, 60, now)
        if answer.allowed:
            admitted.append(now)
        assert answer.limit == limit
        assert 0 <= answer.remaining < limit
    assert all(sum(at - 60_000 < earlier <= at for earlier in admitted) <= limit for at in admitted)


def test_without_an_outage_the_answer_of_the_store_is_unchanged() -> None:
    quota, store = LocalQuota(), Window(6_000)
    for now in range(0, 300_000, 1_700):
        store, stored = admit(store, 20, now)
        assert quota.confirm("k", stored, 60, now) == stored


@pytest.mark.parametrize("error", [Overloaded("the queue is full"), StateBusy("locked")])
@pytest.mark.parametrize("of_keys", [True, False])
def test_overload_is_not_treated_as_an_outage(recommender: FakeRecommender, error: Exception, of_keys: bool) -> None:
    class BusyKeys(DictKeys):
        def get(self, key_id: str) -> ApiKey | None:
            if of_keys:
                raise error
            return super().get(key_id)

    class BusyQuota(CountingQuota):
        def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
            raise error

    keys = BusyKeys({"k1": replace(SERVE, limit=100)})
    response = guarded(recommender, keys, quota=BusyQuota()).post("/recommend", headers=KEY)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["type"] in ("/problems/overloaded", "/problems/state-busy")
    assert not recommender.requests


def test_a_changed_window_starts_empty() -> None:
    quota = LocalQuota()
    assert quota.admit("k", 1, 60, 0).allowed
    assert not quota.admit("k", 1, 60, 0).allowed
    assert quota.admit("k", 1, 10, 0).allowed


@pytest.mark.anyio
async def test_a_refusal_has_a_retry_time() -> None:
    edge = Edge(AppServices(recommender=FakeRecommender()))
    guard = QuotaGuard(None, ManualClock(), edge)
    key = replace(SERVE, limit=1, window_s=60)
    context = RequestContext("r", 0.0)
    await guard.admit(key, context)
    with pytest.raises(QuotaExceeded) as error:
        await guard.admit(key, context)
    assert 1 <= error.value.retry_after <= 67
    edge.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"keys": None, "key_pepper": PEPPER_SECRET},
        {"keys": DictKeys(), "key_pepper": None},
        {"keys": DictKeys(), "key_pepper": PEPPER_SECRET, "cors_origins": ("*",)},
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="API keys are on"):
        fake_app(auth_required=True, **settings)
