"""``marquee index``: load, list, prune, and the errors."""

from pathlib import Path

import pytest

from data_jobs.build import Order, build
from data_jobs.report import Silent
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.reader import open_bundle
from services.adapters.search.opensearch.target import Kind
from tests.cli.conftest import Marquee
from tests.fakes import HashingEncoder
from tests.patience import LONGEST_MS
from tests.servers.serverless import Serverless


@pytest.fixture
def index(opensearch_url: str, unique_name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the prefix of this test's indexes, and set the settings for them."""
    monkeypatch.setenv("OPENSEARCH_ENDPOINT", opensearch_url)
    monkeypatch.setenv("OPENSEARCH_INDEX", unique_name)
    monkeypatch.setenv("OPENSEARCH_TIMEOUT_MS", str(LONGEST_MS))
    return unique_name


def test_the_active_bundle_is_loaded_once(marquee: Marquee, home: Path, index: str) -> None:
    version = LocalBundles(home).pointer().version
    first = marquee("index", "--json")
    assert first.code == 0, first.err
    assert first.json["index"] == f"{index}-{version}"
    assert first.json["loaded"] is True
    assert first.json["films"] == len(open_bundle(LocalBundles(home).current_path()).catalogue)
    assert first.json["removed"] == []
    again = marquee("index")
    assert again.code == 0
    assert again.out == f"Index {index}-{version}: {first.json['films']:,} films, already complete.\n"


def test_after_a_load_the_engine_answers_recommendations(marquee: Marquee, home: Path, index: str) -> None:
    before = marquee("recommend", "--query", "Seven Samurai", "--json")
    assert before.code == 0
    assert "search: index missing" in before.json["degraded"]
    assert marquee("index").code == 0
    after = marquee("recommend", "--query", "The Godfather", "--json")
    assert not [reason for reason in after.json["degraded"] if reason.startswith("search")]
    assert after.json["index_version"].startswith(index)


@pytest.fixture
def vectors(home: Path) -> None:
    """Build a bundle with vectors, without which a collection has nothing to refuse."""
    build(Order(home=home, encoder=HashingEncoder(dims=16)), Silent())


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("kind", ["nextgen", "classic"])
def test_a_collection_is_loaded_as_the_configured_generation(
    marquee: Marquee, index: str, opensearch_url: str, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    with Serverless(opensearch_url, kind=kind) as collection:
        monkeypatch.setenv("OPENSEARCH_ENDPOINT", collection.url)
        monkeypatch.setenv("OPENSEARCH_AUTH", "none")
        monkeypatch.setenv("OPENSEARCH_KIND", kind)
        done = marquee("index")
        assert done.code == 0, done.err
        [listed] = marquee("index", "list", "--json").json
    assert (listed["index"].startswith(index), listed["state"]) == (True, "complete"), "titles and vectors were probed"


@pytest.mark.usefixtures("vectors", "index")
def test_a_collection_of_another_generation_names_the_setting(
    marquee: Marquee, opensearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Serverless(opensearch_url, kind="nextgen") as collection:
        monkeypatch.setenv("OPENSEARCH_ENDPOINT", collection.url)
        done = marquee("index")
    assert done.code != 0
    assert "set OPENSEARCH_KIND to the actual kind: server, classic or nextgen" in done.err
    assert len(done.err.splitlines()) == 1


def test_list_and_prune(marquee: Marquee, home: Path, index: str) -> None:
    bundles = LocalBundles(home)
    old = bundles.pointer().version
    assert marquee("index").code == 0
    build(Order(home=home, encoder=HashingEncoder(dims=16)), Silent())
    middle = bundles.pointer().version
    done = marquee("index", "--keep", "0", "--json")
    assert done.code == 0, done.err
    assert done.json["removed"] == [], "the previous bundle stays available for rollback"
    listed = marquee("index", "list", "--json").json
    assert [(each["index"], each["active"], each["state"]) for each in listed] == [
        (f"{index}-{old}", False, "complete"),
        (f"{index}-{middle}", True, "complete"),
    ]
    assert listed[1]["encoder"] == "hashing:64"
    assert f"{index}-{middle}" in marquee("index", "list").out
    build(Order(home=home, encoder=HashingEncoder(encoder_id="hashing:32", dims=32)), Silent())
    assert marquee("index", "prune", "--keep", "1").out == "Nothing to remove.\n"
    pruned = marquee("index", "prune", "--keep", "0")
    assert pruned.out == f"Removed {index}-{old}.\n"
    assert [each["index"] for each in marquee("index", "list", "--json").json] == [f"{index}-{middle}"]


def test_a_bundle_that_is_not_active_can_be_loaded_first(marquee: Marquee, home: Path, index: str) -> None:
    bundles = LocalBundles(home)
    built = build(Order(home=home, encoder=HashingEncoder(dims=16), activate=False), Silent())
    version = next(each for each in bundles.list() if each != bundles.pointer().version)
    done = marquee("index", "--bundle", version, "--json")
    assert done.code == 0, done.err
    assert done.json["index"] == f"{index}-{version}"
    assert built is not None


def test_no_indexes_yet(marquee: Marquee, home: Path, index: str) -> None:
    done = marquee("index", "list")
    assert done.code == 0
    assert "No indexes yet" in done.out
    assert marquee("index", "prune").out == "Nothing to remove.\n"


@pytest.mark.parametrize("verb", [(), ("list",), ("prune",)])
def test_without_an_endpoint_the_setting_is_named(marquee: Marquee, home: Path, verb: tuple[str, ...]) -> None:
    done = marquee("index", *verb)
    assert done.code == 2
    assert "OPENSEARCH_ENDPOINT is not set" in done.err


def test_an_unreachable_server_is_named(marquee: Marquee, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEARCH_ENDPOINT", "http://127.0.0.1:9")
    done = marquee("index")
    assert done.code == 3
    assert "http://127.0.0.1:9" in done.err
    assert len(done.err.splitlines()) == 1


def test_no_bundle(marquee: Marquee, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEARCH_ENDPOINT", "http://127.0.0.1:9")
    assert marquee("index").code == 3
    assert marquee("index", "prune").code == 3
    assert "no bundle" in marquee("index", "--bundle", "0123456789abcdef").err
