"""Fixtures: ``FILMS``, ``make_bundle()`` and the sample, each indexed in every engine.

One suite runs against all engines: ``films_search``, ``world_search`` and ``sample_search`` are parametrised by engine.
Two of the engines are fake collections of OpenSearch Serverless: a real server behind a proxy that refuses what their
generation refuses. The Classic one also drops the ``_meta`` of a mapping.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast
from uuid import uuid4

import numpy as np
import pytest

from data_jobs.bundle import assemble
from data_jobs.catalogue import build_catalogue
from data_jobs.embed_items import embed_films
from data_jobs.index_opensearch import open_job
from data_jobs.report import Silent
from data_jobs.sample.load import load_sample
from data_jobs.text_index import write_text_index
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.opensearch.open_index import open_guarded
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.bootstrap import SystemClock
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.embeddings import Embeddings
from services.recommender.names.names import Names
from services.recommender.ports import Deadline, Mention, NamedFilms, SearchPort, SearchRequest, SearchResult
from tests.builders import make_bundle, make_tables
from tests.fakes import HashingEncoder
from tests.films import FILMS, make_events
from tests.patience import PATIENCE_S
from tests.servers.rules import NO_IDS, Generation
from tests.servers.serverless import Serverless

ENGINES = ("embedded", "lucene", "nextgen", "classic")
Open = Callable[[Bundle, Path], SearchPort]


@dataclass
class NeverDegraded(SearchPort):
    """A search that must not fall back: an answer of the local engine would prove nothing."""

    port: SearchPort

    def __post_init__(self) -> None:
        self.index_version = self.port.index_version

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        result = self.port.search(request, deadline)
        assert not result.degraded, result.degraded
        return result

    @property
    def names(self) -> Names:
        return self.port.names

    def close(self) -> None:
        self.port.close()

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        return self.port.mentions(words)

    def named(self, text: str, errors: int = 0) -> NamedFilms:
        return self.port.named(text, errors)


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    if request.param != "embedded":
        request.getfixturevalue("opensearch_url")
    return str(request.param)


@pytest.fixture(scope="session")
def engine_target(engine: str, request: pytest.FixtureRequest) -> Iterator[OpenSearchTarget | None]:
    """The server or collection to search; None for the embedded engine."""
    if engine == "embedded":
        yield None
        return
    url = request.getfixturevalue("opensearch_url")
    if engine == "lucene":
        yield OpenSearchTarget(url, engine=engine, timeout_s=PATIENCE_S)
        return
    kind = cast("Generation", engine)
    with Serverless(url, kind=kind, keeps_meta=kind != "classic") as collection:
        yield OpenSearchTarget(collection.url, kind=kind, timeout_s=PATIENCE_S, auth="none")
        unexpected = [refusal for refusal in collection.refused if not refusal.endswith(NO_IDS)]
        assert unexpected == [], "only the support of custom ids may be found out by trying"


@pytest.fixture(scope="session")
def open_engine(engine_target: OpenSearchTarget | None) -> Iterator[Open]:
    """A function that opens a bundle in the engine, and indexes it first where the engine is a server."""
    opened: list[SearchPort] = []

    def open_bundle(bundle: Bundle, folder: Path) -> SearchPort:
        local = EmbeddedSearch(bundle, folder)
        if engine_target is None:
            return local
        target = replace(engine_target, index=f"test-{uuid4().hex[:12]}")
        with open_job(target, SystemClock(), Silent()) as job:
            job.run(bundle, local)
        opened.append(open_guarded(target, bundle, local, SystemClock()))
        return NeverDegraded(opened[-1])

    yield open_bundle
    for search in opened:
        search.close()


@pytest.fixture(scope="session")
def films_bundle() -> Bundle:
    popularity = np.array([(film.vote_count or 0) / 10_000 for film in FILMS], np.float32)
    tables = make_tables(len(FILMS), 2)
    bundle = assemble(build_catalogue(FILMS, make_events()), tables, popularity, popularity, "ease-test")
    return replace(bundle, version="films")


@pytest.fixture(scope="session")
def films_index(films_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_index(films_bundle.catalogue, tmp_path_factory.mktemp("films") / "index")


@pytest.fixture(scope="session")
def films_search(films_bundle: Bundle, films_index: Path, open_engine: Open) -> SearchPort:
    return open_engine(films_bundle, films_index)


@pytest.fixture(scope="session")
def world() -> Bundle:
    return make_bundle(films=300, outside=20)


@pytest.fixture(scope="session")
def world_index(world: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_index(world.catalogue, tmp_path_factory.mktemp("world") / "index")


@pytest.fixture(scope="session")
def world_search(world: Bundle, world_index: Path, open_engine: Open) -> SearchPort:
    return open_engine(world, world_index)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The sample catalogue with vectors of hashed words."""
    dataset, _ = load_sample()
    catalogue = build_catalogue(dataset.films, dataset.events)
    encoder = HashingEncoder()
    vectors = embed_films(dataset.films, encoder, tmp_path_factory.mktemp("vectors"), lambda done, total: None)
    votes = catalogue.votes.astype(np.float32)
    bundle = assemble(
        catalogue,
        make_tables(len(catalogue), 50),
        votes / votes.max(),
        votes / votes.max(),
        "ease-test",
        embeddings=Embeddings.quantise(vectors, encoder.encoder_id),
    )
    return replace(bundle, version="sample")


@pytest.fixture(scope="session")
def sample_index(sample: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_index(sample.catalogue, tmp_path_factory.mktemp("sample") / "index")


@pytest.fixture(scope="session")
def sample_search(sample: Bundle, sample_index: Path, open_engine: Open) -> SearchPort:
    return open_engine(sample, sample_index)


@pytest.fixture(scope="session")
def sample_local(sample: Bundle, sample_index: Path) -> EmbeddedSearch:
    return EmbeddedSearch(sample, sample_index)
