"""Fixture: the well-known films with their names and a text index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from data_jobs.catalogue import build_catalogue
from data_jobs.records import Events, Film
from data_jobs.text_index import write_text_index
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.domain.bundle import Bundle
from services.recommender.query.conditions import Condition, Understood
from services.recommender.query.lexicon import Lexicon
from services.recommender.query.lookup import FilmLookup
from services.recommender.query.understand import understand
from services.recommender.taste.audience import Audience
from services.recommender.taste.traits import FilmTraits, Postings
from tests.builders import make_tables
from tests.recommender.query.cinema import CINEMA


@dataclass(frozen=True, repr=False)
class Theatre:
    """A bundle of the films with its search and query vocabulary."""

    bundle: Bundle
    search: EmbeddedSearch
    lexicon: Lexicon
    lookup: FilmLookup

    def __repr__(self) -> str:
        # Hypothesis prints the fixture with a failing example.
        return f"Theatre({len(self.bundle.catalogue)} films)"

    def understand(self, query: str, *ignored: str) -> Understood:
        return understand(query, self.lexicon, self.search, ignored)

    def ids(self, query: str) -> list[str]:
        return [condition.id for condition in self.understand(query).conditions]

    def condition(self, query: str, which: str) -> Condition:
        return next(condition for condition in self.understand(query).conditions if condition.id == which)

    def films(self, query: str, which: str) -> set[str]:
        """Return the titles of the films that pass a condition of a query."""
        mask = self.condition(query, which).demand.mask(self.lookup)
        return set(self.titles(np.flatnonzero(mask)))

    def titles(self, rows: object) -> list[str]:
        return [self.bundle.catalogue.titles[int(row)] for row in np.asarray(rows).tolist()]


@pytest.fixture(scope="session")
def theatre_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Film]], Theatre]:
    def make(films: Sequence[Film]) -> Theatre:
        empty = np.empty(0, np.int32)
        events = Events((), empty, empty, np.empty(0, np.uint8), np.empty(0, np.float32), np.empty(0, np.int64))
        catalogue = build_catalogue(films, events)
        votes = catalogue.votes.astype(np.float32)
        bundle = Bundle(
            version="cinema", model_version="none", catalogue=catalogue, collaborative=make_tables(len(films), 0),
            popularity=votes / votes.max(), acclaim=votes / votes.max(), embeddings=None,
        )  # fmt: skip
        folder = write_text_index(catalogue, tmp_path_factory.mktemp("cinema"))
        search, lexicon = EmbeddedSearch(bundle, folder), Lexicon.of(catalogue)
        postings = Postings.of(FilmTraits.of(catalogue.traits))
        lookup = FilmLookup(catalogue, Audience(catalogue), postings, lexicon, search)
        return Theatre(bundle, search, lexicon, lookup)

    return make


@pytest.fixture(scope="session")
def theatre(theatre_of: Callable[[Sequence[Film]], Theatre]) -> Theatre:
    return theatre_of(CINEMA)
