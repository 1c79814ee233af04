"""bundle, keys, users, doctor."""

import json
from pathlib import Path

import pytest

from data_jobs.build import Order, build
from data_jobs.report import Silent
from data_jobs.sample.load import load_sample
from services.api.app.security.api_keys import key_id_of
from tests.cli.conftest import Marquee
from tests.e2e.kit import bundles, damage

PEPPER = "a pepper of the tests only"


def first_people(count: int) -> tuple[str, ...]:
    """Return ids of the sample's simulated viewers, in the order they are seeded."""
    dataset, _ = load_sample()
    return dataset.events.user_ids[:count]


def second_bundle(home: Path) -> str:
    params = home / "params.json"
    params.write_text(json.dumps({"weights": {"traits": 0.01}}))
    return build(Order(home=home, params=params, activate=False), Silent()).version


def test_bundles_are_listed_activated_and_rolled_back(marquee: Marquee, home: Path) -> None:
    (old,) = bundles(home)
    new = second_bundle(home)
    listed = {each["version"]: each for each in marquee("bundle", "list", "--json").json}
    assert listed.keys() == {old, new}
    assert (listed[old]["active"], listed[new]["active"]) == (True, False)
    assert listed[old]["films"] >= 250
    assert marquee("bundle", "activate", new, "--json").json == {"version": new, "previous": old}
    assert marquee("bundle", "rollback", "--json").json == {"version": old, "previous": new}
    assert f"*  {old}" in marquee("bundle", "list").out


def test_verify_and_list_report_a_damaged_bundle(marquee: Marquee, home: Path) -> None:
    (version,) = bundles(home)
    assert marquee("bundle", "verify").code == 0
    assert marquee("bundle", "verify", version, "--json").json["ok"] is True
    damage(home, version)
    done = marquee("bundle", "verify")
    assert done.code == 3
    assert "popularity.npy" in done.err
    damage(home, version, "manifest.json")
    assert "damaged" in marquee("bundle", "list").out


def test_without_bundles(marquee: Marquee) -> None:
    assert "No bundles yet" in marquee("bundle", "list").out
    for verb in (("bundle", "verify"), ("bundle", "rollback"), ("bundle", "activate", "0" * 16)):
        done = marquee(*verb)
        assert done.code == 3, verb
        assert "marquee b" in done.err


def test_there_is_no_bundle_to_go_back_to(marquee: Marquee, home: Path) -> None:
    done = marquee("bundle", "rollback")
    assert done.code == 3
    assert "no bundle to go back to" in done.err


def test_keys_are_created_listed_and_revoked(marquee: Marquee, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No keys yet" in marquee("keys", "list").out
    refused = marquee("keys", "create", "shop")
    assert refused.code == 1
    assert "API_KEY_PEPPER" in refused.err
    monkeypatch.setenv("API_KEY_PEPPER", PEPPER)
    created = marquee("keys", "create", "shop", "--scope", "serve", "--scope", "admin", "--limit", "5", "--json").json
    assert key_id_of(created["key"], PEPPER.encode()) == created["key_id"]
    (listed,) = marquee("keys", "list", "--json").json
    assert listed == {name: value for name, value in created.items() if name != "key"}
    assert (listed["scopes"], listed["limit"], listed["revoked"]) == ("admin,serve", 5, False)
    assert marquee("keys", "revoke", created["key_id"]).code == 0
    assert marquee("keys", "list", "--json").json[0]["revoked"] is True
    assert created["key"] not in marquee("keys", "list").out
    assert marquee("keys", "revoke", "nobody").code == 1
    assert marquee("keys", "create", "x", "--scope", "root").code == 2


def test_people_are_seeded_exported_and_erased(marquee: Marquee, home: Path) -> None:
    done = marquee("users", "seed", "--limit", "3", "--json")
    assert done.json["people"] == 3
    assert done.json["simulated"] is True
    assert done.json["erased"] == 0
    assert marquee("users", "seed", "--limit", "3", "--json").json == done.json
    user, *_ = first_people(3)
    exported = marquee("users", "export", user).json
    events = exported["events"]
    assert events
    answer = marquee("recommend", "--user", user, "--k", "100", "--json").json
    assert not {event["item_id"] for event in events} & {item["item_id"] for item in answer["items"]}
    assert marquee("users", "erase", user, "--yes").code == 0
    assert marquee("users", "export", user).code == 1
    assert marquee("users", "erase", user, "--yes").code == 1
    again = marquee("users", "seed", "--limit", "3", "--json").json
    assert (again["people"], again["erased"]) == (2, 1)  # an erased person is not stored again
    assert "1 erased people were left out" in marquee("users", "seed", "--limit", "3").out
    assert marquee("users", "export", user).code == 1


def test_an_empty_id_is_no_person(marquee: Marquee, home: Path) -> None:
    marquee("recommend", "--k", "3")  # caches a response for visitors without an id
    assert marquee("users", "export", "").code == 1
    assert marquee("users", "erase", "", "--yes").code == 1


def test_erasing_asks_first(marquee: Marquee, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    marquee("feedback", "ann", "1", "like")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert marquee("users", "erase", "ann").code == 1
    assert marquee("users", "export", "ann").code == 0


def test_seeding_an_unknown_person_is_wrong_usage(marquee: Marquee, home: Path) -> None:
    done = marquee("users", "seed", "--user", "no-such-person")
    assert done.code == 2
    assert "is not in this data" in done.err


def test_doctor_without_a_bundle(marquee: Marquee, monkeypatch: pytest.MonkeyPatch) -> None:
    done = marquee("doctor")
    assert done.code == 3
    assert "no bundle is active" in done.out
    assert "marquee build" in done.out
    assert "Not ready" in done.out


def test_doctor_with_a_bundle_and_remote_search(marquee: Marquee, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marquee("feedback", "ann", "1", "like")
    monkeypatch.setenv("OPENSEARCH_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("EXPLAIN_OUTPUT", "tool")
    monkeypatch.setenv("EMBEDDER_DIR", str(home))
    done = marquee("doctor", "--json")
    assert done.code == 0
    checks = {check["part"]: check for check in done.json["checks"]}
    assert checks["bundle"]["state"] == "ok"
    assert checks["state store"]["state"] == "ok"
    assert checks["OpenSearch"]["state"] == "note"
    assert checks["OpenSearch"]["found"].startswith("http://127.0.0.1:9 (server): ")
    assert "marquee index" in checks["OpenSearch"]["advice"]
    assert checks["EXPLAIN_OUTPUT"]["found"] == "tool (has no effect)"
    assert checks["text encoder"]["state"] == "note"
    assert "EMBEDDER_DIR" in checks["text encoder"]["advice"]


def test_doctor_reports_a_state_store_that_is_not_a_database(marquee: Marquee, home: Path) -> None:
    (home / "state.db").write_bytes(b"this is no database, whatever its name says" * 100)
    done = marquee("doctor", "--json")
    assert done.code == 3
    checks = {check["part"]: check for check in done.json["checks"]}
    assert checks["state store"]["state"] == "missing"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("shop", "--limit", "99999999999999999999"), "--limit"),
        (("shop\x1b[2J",), "printable"),
        (("",), "printable"),
        (("x" * 201,), "printable"),
    ],
)
def test_a_key_that_no_store_can_hold_is_wrong_usage(
    marquee: Marquee, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: str
) -> None:
    monkeypatch.setenv("API_KEY_PEPPER", "a pepper for tests, long enough")
    done = marquee("keys", "create", *arguments)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert expected in done.err
    assert "\x1b" not in done.err
