"""The engines of one run: embedded, or servers on which the run makes its own index and tables and removes them."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from data_jobs.report import Progress
from services.adapters.bundle.reader import open_bundle
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.bootstrap import SystemClock, open_embedded
from services.settings import Settings

if TYPE_CHECKING:
    from services.adapters.state.dynamodb.dynamo_client import DynamoLocation

# Servers share the cores with the bench, so a pause is measured, not treated as a failure.
LONGEST_MS = 20_000
_CALL_S = 10.0
_OPENSEARCH = (
    "opensearch_endpoint", "opensearch_kind", "opensearch_index", "opensearch_engine", "opensearch_compression",
    "opensearch_custom_ids", "opensearch_timeout_ms", "opensearch_auth", "request_deadline_ms",
)  # fmt: skip
_DYNAMODB = (
    "ddb_users_table", "ddb_events_table", "ddb_cache_table", "ddb_endpoint", "ddb_timeout_ms", "aws_region",
    "request_deadline_ms",
)  # fmt: skip
_log = logging.getLogger(__name__)


def settings_of_run(settings: Settings, *, opensearch: bool, dynamodb: bool) -> Settings:
    """Return the settings with the chosen engines, under names unique to this run."""
    run = f"marquee-bench-{uuid4().hex[:12]}"
    search: dict[str, Any] = {"opensearch_endpoint": None}
    if opensearch:
        search = {"opensearch_index": run, "opensearch_timeout_ms": LONGEST_MS}
    state: dict[str, Any] = {"ddb_users_table": None}
    if dynamodb:
        tables = {f"ddb_{name}_table": f"{run}-{name}" for name in ("users", "events", "cache")}
        state = {**tables, "ddb_timeout_ms": LONGEST_MS}
    return settings.model_copy(update={**search, **state, "request_deadline_ms": LONGEST_MS})


def names_of(settings: Settings) -> dict[str, str]:
    """Return the engines' names, ``{search, state}``."""
    return {
        "search": "embedded" if settings.opensearch_endpoint is None else "opensearch",
        "state": "sqlite" if settings.ddb_users_table is None else "dynamodb",
    }


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment a server needs to use the same engines and to cache every response."""
    search = () if settings.opensearch_endpoint is None else _OPENSEARCH
    state = () if settings.ddb_users_table is None else _DYNAMODB
    values = {name.upper(): getattr(settings, name) for name in (*search, *state)}
    cache = {"CACHE_ANSWERS": "all"} if state else {}
    return cache | {name: str(value) for name, value in values.items() if value is not None}


def connection_of(settings: Settings) -> "DynamoLocation":
    """Return the connection to the tables of a run with people in DynamoDB."""
    from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables

    tables = Tables(str(settings.ddb_users_table), settings.ddb_events_table, settings.ddb_cache_table)
    return DynamoLocation(tables, settings.aws_region, settings.ddb_endpoint, settings.ddb_timeout_ms / 1_000)


@contextmanager
def prepare_engines(settings: Settings, bundle: Path, progress: Progress) -> Iterator[dict[str, Any]]:
    """Create tables and index with the production code, and remove them after the block. Yields the figures of the
    index, ``{films, seconds}``; empty for embedded search.

    Raises StateUnavailable, SearchUnavailable, IndexingFailed. What cannot be removed is logged.
    """
    with ExitStack() as removal:
        if settings.ddb_users_table is not None:
            from services.adapters.state.dynamodb.tables import create_tables

            connection = replace(connection_of(settings), timeout_s=_CALL_S)
            removal.callback(_remove_tables, connection)
            create_tables(connection)
        figures: dict[str, Any] = {}
        if settings.opensearch is not None:
            removal.callback(_remove_indexes, settings.opensearch)
            figures = _index(settings.opensearch, bundle, progress)
        yield figures


def _index(target: OpenSearchTarget, path: Path, progress: Progress) -> dict[str, Any]:
    from data_jobs.index_opensearch import open_job

    bundle = open_bundle(path)
    local = open_embedded(bundle, path)
    try:
        with open_job(target, SystemClock(), progress) as job:
            result = job.run(bundle, local)
    finally:
        local.close()
    return {"films": result.films, "seconds": result.seconds}


def _remove_indexes(target: OpenSearchTarget) -> None:
    from opensearchpy.exceptions import OpenSearchException

    from data_jobs.indexing.writer import writer

    names = f"{target.index}-*"
    try:
        with writer(target) as client:
            for index in client.indices.get(index=names):
                client.indices.delete(index=index)
    except OpenSearchException as error:
        _log.warning("the index %s on %s was not removed (%s); remove it yourself", names, target.endpoint, error)


def _remove_tables(connection: "DynamoLocation") -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    from services.adapters.state.dynamodb.dynamo_client import make_client

    tables = connection.tables
    client = make_client(connection)
    try:
        for name in (tables.users, tables.events, tables.cache):
            try:
                client.delete_table(TableName=name)
            except client.exceptions.ResourceNotFoundException:
                continue  # the run ended before it was created
            except (BotoCoreError, ClientError) as error:
                _log.warning("table %s on %s was not removed (%s); remove it yourself", name, connection.place, error)
    finally:
        client.close()
