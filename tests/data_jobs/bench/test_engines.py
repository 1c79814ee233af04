"""The engines of a run, the environment of its server, and the removal of index and tables."""

import logging

import pytest
from opensearchpy import OpenSearch

from data_jobs.bench.engines import connection_of, environment_of, names_of, prepare_engines, settings_of_run
from data_jobs.bench.world import World, find_bundle
from data_jobs.report import Silent
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables, make_client
from services.recommender.errors import SearchUnavailable, StateUnavailable
from services.settings import Settings, load_settings
from tests.patience import LONGEST_MS, PATIENCE_S

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    """Remove the developer's own settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return find_bundle(tmp_path_factory.mktemp("engines"), World(), Silent())


@pytest.fixture
def remote():
    """Return a function that makes the settings of a run on servers."""

    def make(opensearch=NOWHERE, dynamodb=NOWHERE):
        own = load_settings(opensearch_endpoint=opensearch, ddb_endpoint=dynamodb, ddb_timeout_ms=LONGEST_MS)
        return settings_of_run(own, opensearch=opensearch is not None, dynamodb=dynamodb is not None)

    return make


def tables_at(url):
    client = make_client(DynamoLocation(Tables("users", "events", "cache"), endpoint=url, timeout_s=PATIENCE_S))
    try:
        # Paginated: tests of whole runs leave more tables than fit into one answer.
        return {name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]}
    finally:
        client.close()


def indexes_at(url, prefix):
    with OpenSearch(hosts=[url], timeout=PATIENCE_S) as client:
        return list(client.indices.get(index=f"{prefix}-*"))


def fail_in(settings, bundle, look):
    """Prepare the engines, call ``look`` with the figures, and fail."""
    with prepare_engines(settings, bundle, Silent()) as figures:
        look(figures)
        raise ZeroDivisionError


def test_two_runs_share_no_name(remote):
    first, second = remote(), remote()
    assert first.opensearch_index != second.opensearch_index
    tables = [connection_of(settings).tables for settings in (first, second)]
    assert len({name for names in tables for name in (names.users, names.events, names.cache)}) == 6


def test_the_names_of_a_run_are_legal_settings(remote):
    settings = remote()
    assert load_settings(**settings.model_dump()) == settings


def test_a_run_never_uses_configured_tables_or_indexes():
    own = load_settings(ddb_endpoint=NOWHERE, ddb_users_table="people", opensearch_endpoint=NOWHERE)
    run = settings_of_run(own, opensearch=True, dynamodb=True)
    assert {run.ddb_users_table, run.ddb_events_table, run.ddb_cache_table}.isdisjoint(
        {own.ddb_users_table, own.ddb_events_table, own.ddb_cache_table}
    )
    assert not run.opensearch_index.startswith(own.opensearch_index)


def test_without_servers_everything_is_embedded_despite_the_settings():
    own = load_settings(ddb_endpoint=NOWHERE, ddb_users_table="people", opensearch_endpoint=NOWHERE)
    run = settings_of_run(own, opensearch=False, dynamodb=False)
    assert run.is_embedded
    assert names_of(run) == {"search": "embedded", "state": "sqlite"}
    assert environment_of(run) == {}


@pytest.mark.parametrize(
    ("opensearch", "dynamodb", "names", "absent"),
    [
        (NOWHERE, None, {"search": "opensearch", "state": "sqlite"}, "DDB_"),
        (None, NOWHERE, {"search": "embedded", "state": "dynamodb"}, "OPENSEARCH_"),
    ],
)
def test_one_engine_may_be_remote_and_the_other_not(remote, opensearch, dynamodb, names, absent):
    settings = remote(opensearch, dynamodb)
    assert names_of(settings) == names
    assert not [name for name in environment_of(settings) if name.startswith(absent)]


def test_the_environment_gives_the_server_the_same_engines_and_limits(remote, monkeypatch):
    settings = remote().model_copy(update={"opensearch_kind": "nextgen", "opensearch_auth": "none"})
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    loaded = load_settings()
    assert loaded.opensearch == settings.opensearch
    assert connection_of(loaded) == connection_of(settings)
    assert loaded.request_deadline_ms == settings.request_deadline_ms == loaded.ddb_timeout_ms


def test_embedded_engines_need_no_preparation(bundle):
    settings = settings_of_run(load_settings(), opensearch=False, dynamodb=False)
    with prepare_engines(settings, bundle, Silent()) as figures:
        assert figures == {}


def test_index_and_tables_exist_in_the_block_and_are_removed_after_a_failure(
    bundle, remote, opensearch_url, dynamodb_url
):
    settings = remote(opensearch_url, dynamodb_url)
    tables = connection_of(settings).tables
    expected = {tables.users, tables.events, tables.cache}
    index = settings.opensearch.index_name(bundle.name)

    def look(figures):
        assert figures["films"] > 250
        assert figures["seconds"] > 0
        assert expected <= tables_at(dynamodb_url)
        assert indexes_at(opensearch_url, settings.opensearch_index) == [index]

    with pytest.raises(ZeroDivisionError):
        fail_in(settings, bundle, look)
    assert tables_at(dynamodb_url).isdisjoint(expected)
    assert indexes_at(opensearch_url, settings.opensearch_index) == []


def test_tables_are_removed_when_the_index_cannot_be_made(bundle, remote, dynamodb_url, caplog):
    settings = remote(NOWHERE, dynamodb_url)
    with pytest.raises(SearchUnavailable, match=NOWHERE), prepare_engines(settings, bundle, Silent()):
        pass
    assert not [name for name in tables_at(dynamodb_url) if name.startswith(settings.opensearch_index)]
    assert f"{settings.opensearch_index}-* on {NOWHERE} was not removed" in caplog.text


def test_a_failed_removal_is_logged_and_hides_no_error(bundle, remote, caplog):
    settings = remote(None, NOWHERE)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(StateUnavailable, match=NOWHERE),
        prepare_engines(settings, bundle, Silent()),
    ):
        pass
    tables = connection_of(settings).tables
    for name in (tables.users, tables.events, tables.cache):
        assert f"table {name} on {NOWHERE} was not removed" in caplog.text
