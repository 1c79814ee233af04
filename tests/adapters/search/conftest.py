"""The awkward films and the small world, each with its index."""

import numpy as np
import pytest

from data_jobs.bundle import assemble
from data_jobs.catalogue import build_catalogue
from data_jobs.text_index import write_text_index
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.domain.bundle import Bundle
from tests.builders import make_bundle, make_tables
from tests.films import FILMS, make_events


@pytest.fixture(scope="session")
def films_bundle() -> Bundle:
    popularity = np.array([film.vote_count or 0 for film in FILMS], np.float32) / 10_000
    tables = make_tables(len(FILMS), 2)
    return assemble(build_catalogue(FILMS, make_events()), tables, popularity, "ease-test")


@pytest.fixture(scope="session")
def films_search(films_bundle, tmp_path_factory) -> EmbeddedSearch:
    folder = write_text_index(films_bundle.catalogue, tmp_path_factory.mktemp("films") / "index")
    return EmbeddedSearch(films_bundle, folder)


@pytest.fixture(scope="session")
def world() -> Bundle:
    return make_bundle(films=300, outside=20)


@pytest.fixture(scope="session")
def world_index(world, tmp_path_factory):
    return write_text_index(world.catalogue, tmp_path_factory.mktemp("world") / "index")


@pytest.fixture(scope="session")
def world_search(world, world_index) -> EmbeddedSearch:
    return EmbeddedSearch(world, world_index)
