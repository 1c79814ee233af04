"""marquee tables create: against a real server."""

import json
import secrets
import socket

import pytest

from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables, make_client
from services.adapters.state.dynamodb.state import DynamoState
from services.adapters.state.dynamodb.store import DynamoStore
from services.bootstrap import SystemClock
from services.recommender.ports import Deadline
from tests.cli.conftest import Marquee
from tests.patience import PATIENCE_S

CREATE = ("tables", "create", "--timeout", str(PATIENCE_S))


@pytest.fixture
def tables(dynamodb_url: str, empty_home, monkeypatch: pytest.MonkeyPatch) -> Tables:
    run = secrets.token_hex(6)
    names = Tables(f"{run}-users", f"{run}-events", f"{run}-rec-cache")
    monkeypatch.setenv("DDB_ENDPOINT", dynamodb_url)
    monkeypatch.setenv("DDB_USERS_TABLE", names.users)
    monkeypatch.setenv("DDB_EVENTS_TABLE", names.events)
    monkeypatch.setenv("DDB_CACHE_TABLE", names.cache)
    return names


@pytest.fixture
def closed_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def test_tables_are_created_once(marquee: Marquee, tables: Tables, dynamodb_url: str) -> None:
    first = marquee(*CREATE, "--json")
    assert first.json == {
        "endpoint": dynamodb_url,
        "tables": dict.fromkeys((tables.users, tables.events, tables.cache), "created"),
    }
    again = marquee(*CREATE)
    assert (again.code, again.out.count("kept")) == (0, 3)


def test_only_the_missing_table_is_created(marquee: Marquee, tables: Tables, dynamodb_url: str) -> None:
    marquee(*CREATE)
    client = make_client(DynamoLocation(tables, endpoint=dynamodb_url, timeout_s=PATIENCE_S))
    client.delete_table(TableName=tables.events)
    assert marquee(*CREATE, "--json").json["tables"] == {
        tables.users: "kept",
        tables.events: "created",
        tables.cache: "kept",
    }
    client.close()


def test_the_tables_suit_the_state_store(marquee: Marquee, tables: Tables, dynamodb_url: str) -> None:
    marquee(*CREATE)
    connection = DynamoLocation(tables, endpoint=dynamodb_url, timeout_s=PATIENCE_S)
    client = make_client(connection)
    expiry = client.describe_time_to_live(TableName=tables.cache)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")
    for name in (tables.users, tables.events, tables.cache):
        described = client.describe_table(TableName=name)["Table"]
        assert described["TableStatus"] == "ACTIVE"
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    client.close()
    clock = SystemClock()
    state = DynamoState(DynamoStore(connection, clock))
    state.ping(Deadline.within(clock, PATIENCE_S))
    state.close()


def test_a_table_with_another_key_is_refused(
    marquee: Marquee, tables: Tables, dynamodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    marquee(*CREATE)
    monkeypatch.setenv("DDB_USERS_TABLE", tables.events)
    monkeypatch.setenv("DDB_EVENTS_TABLE", tables.users)
    done = marquee(*CREATE)
    assert done.code == 3
    assert f"{tables.events} has the key (user_id, sk), Marquee requires (user_id)" in done.err


def test_without_a_users_table_it_is_wrong_usage(marquee: Marquee) -> None:
    done = marquee(*CREATE)
    assert done.code == 2
    assert "DDB_USERS_TABLE is not set" in done.err


def test_an_unreachable_server_is_one_line(
    marquee: Marquee, tables: Tables, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("DDB_ENDPOINT", f"http://127.0.0.1:{closed_port}")
    done = marquee(*CREATE, "--json")
    assert done.code == 3
    assert f"127.0.0.1:{closed_port}" in json.loads(done.out)["error"]
    assert "did not respond" in done.err
