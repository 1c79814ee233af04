"""Dependency wiring: settings become adapters, adapters become a recommender.

Embedded default: SQLite for people, keys and quotas; bundles and the text index on the local disk; MiniLM through
ONNX Runtime, loaded at the first free-text query; explanations by template. OPENSEARCH_ENDPOINT moves search to
OpenSearch, DDB_USERS_TABLE moves people, cache, keys and quotas to DynamoDB, BEDROCK_MODEL moves explanations to
Bedrock, TWO_TOWER_ENDPOINT lets the preset "two-tower" call SageMaker. Each adapter is imported only if used, as every
module adds to a cold start.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from services.adapters.bundle.local import LocalBundles, LocalReleases
from services.adapters.bundle.reader import text_index_of
from services.adapters.embed.onnx import load_encoder
from services.adapters.explain.template import TemplateExplainer
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.secrets import CURRENT, FixedSecret, RotatingSecret, secrets_client
from services.recommender.cache import ALL_WORK, Work
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import EncoderMismatch, EncoderUnavailable
from services.recommender.ports import (
    Clock,
    Explainer,
    KeyStore,
    QuotaPort,
    RetrievePort,
    SearchPort,
    SecretPort,
    SentenceStore,
    StatePort,
    TextEncoder,
)
from services.recommender.service import Options, Recommender
from services.settings import Settings

if TYPE_CHECKING:
    from services.adapters.bundle.s3.follower import BucketFollower
    from services.adapters.embed.bedrock.bedrock_client import BedrockLocation
    from services.adapters.state.dynamodb.dynamo_client import DynamoLocation


class SystemClock:
    """System clock."""

    def now_ms(self) -> int:
        """Return wall-clock time in epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Services:
    """Services of the API and the command line."""

    settings: Settings
    clock: Clock
    releases: LocalReleases
    state: StatePort
    keys: KeyStore
    quota: QuotaPort
    encoder: TextEncoder | None
    recommender: Recommender
    secrets: "Secrets"

    def close(self) -> None:
        """Close the state store."""
        self.state.close()


@dataclass(frozen=True, slots=True)
class Secrets:
    """``pepper`` of the API keys, and the values of the ``origin`` header; None if not set."""

    pepper: SecretPort | None
    origin: SecretPort | None


@dataclass(frozen=True, slots=True)
class Stores:
    """Stores of people, keys, quotas and sentences; closing the state closes all of them."""

    state: StatePort
    keys: KeyStore
    quota: QuotaPort
    sentences: SentenceStore


def build_services(settings: Settings, *, connect: bool = True, verify: bool = True) -> Services:
    """Wire the services; the bundle is opened on first use. ``connect`` False: DynamoDB and OpenSearch are not
    contacted before a request needs them, so that a snapshot contains neither credentials nor sockets; a wrong index is
    then found by the first search. ``verify``: see ``LocalReleases``. Raises StateUnavailable.
    """
    clock = SystemClock()
    stores = open_stores(settings, clock, connect=connect)
    encoder, _ = find_encoder(settings, clock, connect=connect)
    opener = of_encoder(search_opener(settings, clock, connect=connect), encoder)
    releases = LocalReleases(settings.marquee_home, opener, verify=verify)
    explainer = find_explainer(settings, stores.sentences, clock, connect=connect)
    options = Options(
        cache_ttl_s=settings.cache_ttl_secs,
        cached=cached_work(settings, explainer),
        deadline_s=settings.request_deadline_ms / 1_000,
        explain_deadline_s=settings.explain_timeout_ms / 1_000,
    )
    return Services(
        settings=settings,
        clock=clock,
        releases=releases,
        state=stores.state,
        keys=stores.keys,
        quota=stores.quota,
        encoder=encoder,
        recommender=Recommender(
            releases, stores.state, encoder, explainer, clock, options, find_retriever(settings, clock, connect=connect)
        ),
        secrets=find_secrets(settings, clock, connect=connect),
    )


def cached_work(settings: Settings, explainer: Explainer) -> Work:
    """Return which responses to cache. SQLite caches all of them at no cost; a DynamoDB write costs more than ranking
    again, so there only expensive responses are cached: those from OpenSearch or explained by a model.
    """
    if settings.cache_answers == "all" or (settings.cache_answers == "auto" and settings.ddb_users_table is None):
        return ALL_WORK
    searched = Work(0) if settings.opensearch is None else Work.SEARCHED
    return searched | (Work(0) if isinstance(explainer, TemplateExplainer) else Work.EXPLAINED)


def find_explainer(settings: Settings, store: SentenceStore, clock: Clock, *, connect: bool = True) -> Explainer:
    """Return the explainer: the template, or a Bedrock model with the template as fallback. Makes no calls."""
    if settings.bedrock_model is None:
        return TemplateExplainer()
    from services.adapters.explain.bedrock import BedrockExplainer, ConverseModel, bedrock_client

    _read_ahead("bedrock-runtime", connect)
    model = ConverseModel(
        settings.bedrock_model,
        by_tool=settings.explains_by_tool,
        daily_tokens=settings.explain_daily_tokens,
        input_usd=settings.explain_input_usd,
        output_usd=settings.explain_output_usd,
        guardrail=settings.guardrail,
    )
    client = bedrock_client(
        settings.aws_region, settings.aws_endpoint_url_bedrock_runtime, settings.explain_timeout_ms / 1_000
    )
    return BedrockExplainer(model, client, store, clock)


def find_retriever(settings: Settings, clock: Clock, *, connect: bool = True) -> RetrievePort | None:
    """Return the two-tower model's endpoint; None to use the bundle's own model. Makes no calls."""
    if settings.two_tower_endpoint is None:
        return None
    from services.adapters.retrieve.sagemaker import SageMakerRetriever, sagemaker_client

    _read_ahead("sagemaker-runtime", connect)
    timeout_s = settings.two_tower_timeout_ms / 1_000
    client = sagemaker_client(settings.aws_region, settings.aws_endpoint_url_sagemaker_runtime, timeout_s)
    return SageMakerRetriever(settings.two_tower_endpoint, client, clock, timeout_s)


def find_secrets(settings: Settings, clock: Clock, *, connect: bool = True) -> Secrets:
    """Return the secrets, given or referenced by the settings; each is read on demand."""
    if settings.origin_secret_arn or settings.api_key_pepper_arn:
        _read_ahead("secretsmanager", connect)
    origin: SecretPort | None = FixedSecret(settings.origin_secrets) if settings.origin_secrets else None
    pepper: SecretPort | None = FixedSecret((settings.pepper,)) if settings.pepper else None
    # Shared by both secrets.
    client = cache(lambda: secrets_client(settings.aws_region))
    if settings.origin_secret_arn is not None:
        origin = RotatingSecret(settings.origin_secret_arn, "the origin header's secret", clock, client)
    if settings.api_key_pepper_arn is not None:
        # Keys are derived from one pepper: previous versions are not accepted.
        pepper = RotatingSecret(settings.api_key_pepper_arn, "the pepper of API keys", clock, client, (CURRENT,))
    return Secrets(pepper, origin)


def _read_ahead(service: str, connect: bool) -> None:
    """Preload the part of an AWS client that a snapshot may contain: its service description."""
    if not connect:
        from services.adapters.aws import read_models

        read_models(service)


def open_stores(settings: Settings, clock: Clock, *, connect: bool = True) -> Stores:
    """Open DynamoDB if its tables are configured, otherwise SQLite. Raises StateUnavailable."""
    if settings.ddb_users_table is not None:
        return _dynamodb(settings, clock, connect)
    return _sqlite(settings, clock)


def _sqlite(settings: Settings, clock: Clock) -> Stores:
    from services.adapters.state.sqlite.database import Database
    from services.adapters.state.sqlite.keys import SqliteKeys
    from services.adapters.state.sqlite.quota import SqliteQuota
    from services.adapters.state.sqlite.sentences import SqliteSentences
    from services.adapters.state.sqlite.state import SqliteState

    database = Database(settings.state_path, clock)
    return Stores(SqliteState(database), SqliteKeys(database), SqliteQuota(database), SqliteSentences(database))


def _dynamodb(settings: Settings, clock: Clock, connect: bool) -> Stores:
    from services.adapters.state.dynamodb.behind import Behind, at_once
    from services.adapters.state.dynamodb.keys import DynamoKeys
    from services.adapters.state.dynamodb.quota import DynamoQuota
    from services.adapters.state.dynamodb.sentences import DynamoSentences
    from services.adapters.state.dynamodb.state import DynamoState
    from services.adapters.state.dynamodb.store import DynamoStore

    store = DynamoStore(dynamodb_connection(settings, settings.ddb_timeout_ms / 1_000), clock, connect=connect)
    # A process restored from a snapshot or frozen after responding cannot write later.
    later = Behind() if connect else at_once
    return Stores(DynamoState(store, later), DynamoKeys(store), DynamoQuota(store), DynamoSentences(store, later))


def dynamodb_connection(settings: Settings, timeout_s: float) -> "DynamoLocation":
    """Return the DynamoDB connection for settings that name tables; ``timeout_s``: timeout of one attempt."""
    from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables

    tables = Tables(settings.ddb_users_table or "", settings.ddb_events_table, settings.ddb_cache_table)
    return DynamoLocation(tables, settings.aws_region, settings.ddb_endpoint, timeout_s)


def search_opener(settings: Settings, clock: Clock, *, connect: bool = True) -> Callable[[Bundle, Path], SearchPort]:
    """Return a function that opens a bundle's search: embedded, or OpenSearch with the embedded one as fallback."""
    target = settings.opensearch
    if target is None:
        return open_embedded

    def open_search(bundle: Bundle, folder: Path) -> SearchPort:
        from services.adapters.search.opensearch.open_index import open_guarded

        return open_guarded(target, bundle, open_embedded(bundle, folder), clock, look=connect)

    return open_search


def bucket_follower(settings: Settings) -> "BucketFollower | None":
    """Return the follower of the bucket's pointer, one per server; None if bundles are local.

    Makes no calls before it is started. Raises BucketUnavailable.
    """
    if settings.bucket is None:
        return None
    from services.adapters.bundle.s3.bundles import open_bucket
    from services.adapters.bundle.s3.follower import BucketFollower

    local = LocalBundles(settings.marquee_home)
    return BucketFollower(open_bucket(settings.bucket), local, settings.bundle_poll_secs)


def of_encoder(
    opener: Callable[[Bundle, Path], SearchPort], encoder: TextEncoder | None
) -> Callable[[Bundle, Path], SearchPort]:
    """Wrap an opener to accept only bundles with vectors of this encoder's model. It raises EncoderMismatch for others,
    at startup and when a new bundle is released, in which case the current one stays. Without an encoder or vectors
    there is nothing to compare.
    """

    def open_search(bundle: Bundle, folder: Path) -> SearchPort:
        encoder_id = bundle.embeddings.encoder_id if bundle.embeddings is not None else None
        if encoder is not None and encoder_id not in (None, encoder.encoder_id):
            raise EncoderMismatch(
                f"bundle {bundle.version} has vectors of {encoder_id}, but queries are encoded with "
                f"{encoder.encoder_id}: set ENCODER, ENCODER_DIMS and EMBEDDER_DIR as when it was built, or build and "
                "activate a bundle with this encoder (`marquee build --encoder ...`)"
            )
        return opener(bundle, folder)

    return open_search


def find_encoder(settings: Settings, clock: Clock, *, connect: bool = True) -> tuple[TextEncoder | None, str | None]:
    """Return the query encoder, not yet loaded, or why there is none; everything else works without it."""
    if settings.encoder != "minilm":
        return _bedrock_queries(settings, clock, connect), None
    try:
        # Two threads halve the query time; the runtime's default would use all cores of a shared host.
        return load_encoder(settings.embedder_dir, threads=min(2, os.cpu_count() or 1)), None
    except EncoderUnavailable as error:
        return None, str(error)


def _bedrock_queries(settings: Settings, clock: Clock, connect: bool) -> TextEncoder:
    from services.adapters.embed.bedrock.bedrock_client import BedrockClient
    from services.adapters.embed.bedrock.embedding_models import model_of
    from services.adapters.embed.bedrock.query_encoder import BedrockQueries

    _read_ahead("bedrock-runtime", connect)
    model = model_of(settings.encoder, settings.encoder_dims)
    return BedrockQueries(BedrockClient(model, bedrock_place(settings)), clock, settings.encoder_timeout_ms / 1_000)


def bedrock_place(settings: Settings) -> "BedrockLocation":
    """Return region and endpoint of Bedrock's embedding models."""
    from services.adapters.embed.bedrock.bedrock_client import BedrockLocation

    return BedrockLocation(settings.aws_region, settings.aws_endpoint_url_bedrock_runtime)


def open_embedded(bundle: Bundle, folder: Path) -> EmbeddedSearch:
    """Open the in-process text and vector search of a bundle. Raises BundleDamaged."""
    return EmbeddedSearch(bundle, text_index_of(folder))
