"""Build small test data: a catalogue of invented films in three tastes, with tables, vectors and a numpy search."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import Strings
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue, TraitKind, Traits, hash_ids
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.genres import to_mask
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import Profile, apply
from services.recommender.domain.tables import CollaborativeTables, ItemTable
from services.recommender.domain.two_tower_model import TwoTowerModel
from services.recommender.domain.weights import Weights
from services.recommender.errors import SearchUnavailable
from services.recommender.names.names import Names
from services.recommender.ports import (
    Clock,
    Deadline,
    Hits,
    Mention,
    NamedFilms,
    Release,
    Releases,
    SearchPort,
    SearchRequest,
    SearchResult,
    TextEncoder,
    TextField,
)

GENRES_OF = (("Western", "Drama"), ("Science Fiction", "Action"), ("Comedy", "Romance"))
DIRECTORS = ("Ada Ford", "Bo Kubrick", "Cy Wilder")
LANGUAGES = ("en", "fr", "ja")


class ManualClock(Clock):
    """A clock that only moves when the test advances it."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000

    def advance(self, seconds: float) -> None:
        self.ms += int(seconds * 1_000)


def world_of(row: int) -> int:
    """The taste (0, 1 or 2) that the film of this row belongs to."""
    return row % 3


def make_catalogue(films: int) -> Catalogue:
    """Make a catalogue: film i is "f{i}" of taste i % 3, and the films of a taste share genres and a director."""
    ids = [f"f{i}" for i in range(films)]
    worlds = np.arange(films) % 3
    hashes = hash_ids(ids)
    order = np.argsort(hashes)
    years = (1950 + (np.arange(films) * 7) % 70).astype(np.int16)
    years[-1] = 0
    languages = (np.arange(films) % 3).astype(np.int16)
    languages[-1] = -1
    runtimes = (80 + np.arange(films) % 100).astype(np.int16)
    runtimes[-1] = 0
    return Catalogue(
        item_ids=Strings.of(ids),
        titles=Strings.of(f"Film {i}" for i in range(films)),
        details=Strings.of('{"overview":"Somebody rides on."}' for _ in range(films)),
        years=years,
        genre_bits=np.array([to_mask(GENRES_OF[w][: 1 + i % 2]) for i, w in enumerate(worlds)], np.uint32),
        language_codes=languages,
        languages=LANGUAGES,
        votes=np.arange(films, 0, -1).astype(np.int32) * 10,
        tmdb_ids=(np.arange(films) + 1_000).astype(np.int32),
        tmdb_rows=np.arange(films, dtype=np.int32),
        imdb_ids=(np.arange(films) + 2_000).astype(np.int32),
        imdb_rows=np.arange(films, dtype=np.int32),
        runtimes=runtimes,
        ages=np.full(films, -1, np.int8),
        series=np.full(films, -1, np.int32),
        parts=np.zeros(films, np.int16),
        hashes=hashes[order],
        hash_rows=order.astype(np.int32),
        other_ids=Strings.of([]),
        other_hashes=np.empty(0, np.uint64),
        other_rows=np.empty(0, np.int32),
        traits=make_traits(worlds),
    )


def make_traits(worlds: NDArray[np.integer]) -> Traits:
    """Give each film the genre (0-2) and director (3-5) of its taste, and one of two keywords (6-7)."""
    ids = np.array([[w, 3 + w, 6 + i % 2] for i, w in enumerate(worlds)], np.int32)
    names = [GENRES_OF[w][0] for w in range(3)] + list(DIRECTORS) + ["heist", "revenge"]
    kinds = [TraitKind.GENRE] * 3 + [TraitKind.DIRECTOR] * 3 + [TraitKind.KEYWORD] * 2
    return Traits(
        offsets=(np.arange(len(worlds) + 1) * 3).astype(np.int32),
        ids=ids.ravel(),
        kinds=np.array(kinds, np.uint8),
        films=np.bincount(ids.ravel(), minlength=8).astype(np.int32),
        names=Strings.of(names),
    )


def make_tables(films: int, outside: int, seed: int = 0) -> CollaborativeTables:
    """Make tables in which films of one taste support each other and others weigh slightly negative.

    The last ``outside`` films are outside the tables and borrow from neighbours.
    """
    rng = np.random.default_rng(seed)
    inside = films - outside
    worlds = np.arange(inside) % 3
    weights = np.where(worlds[:, None] == worlds[None, :], 0.2, -0.01) + rng.normal(0, 0.05, (inside, inside))
    np.fill_diagonal(weights, 0)
    columns = np.tile(np.arange(inside, dtype=np.uint16), (inside, 1))
    position = np.full(films, -1, np.int32)
    position[:inside] = np.arange(inside)
    last = np.arange(inside, films, dtype=np.int32)
    neighbours = np.array([[row % 3, row % 3 + 3] for row in last], np.uint16).reshape(len(last), 2)
    return CollaborativeTables(
        rows=np.arange(inside, dtype=np.int32),
        position=position,
        main=ItemTable(columns, weights.astype(np.float16)),
        short=ItemTable(columns, (weights * 0.8).astype(np.float16)),
        outside=last,
        neighbours=np.ascontiguousarray(neighbours.T),
        neighbour_weights=np.full(neighbours.T.shape, 0.35, np.float32),
        events=np.arange(films, 0, -1, dtype=np.int32),
        shared=np.full(columns.shape, 9, np.uint8),
    )


def make_embeddings(films: int, dims: int = 16, seed: int = 1, encoder_id: str = "test-encoder") -> Embeddings:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1, (3, dims))
    vectors = centres[np.arange(films) % 3] + rng.normal(0, 0.4, (films, dims))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings.quantise(vectors.astype(np.float32), encoder_id)


def make_factors(films: int, k: int = 8) -> ItemFactors:
    """Make factors: films of one taste point in roughly the same direction; the last film has no ratings."""
    rng = np.random.default_rng(2)
    factors = np.eye(3, k)[np.arange(films) % 3] + rng.normal(0, 0.15, (films, k))
    factors[-1] = 0
    return ItemFactors.of(factors)


def make_latent(films: int, k: int = 8) -> NDArray[np.float16]:
    """Vectors of table positions: those of one taste point the same way, roughly."""
    rng = np.random.default_rng(3)
    vectors = np.eye(3, k)[np.arange(films) % 3] + rng.normal(0, 0.15, (films, k))
    return np.asarray(vectors, np.float16)


def make_towers(films: int, dims: int = 6, hidden: int = 5) -> TwoTowerModel:
    """Make a two-tower model that retrieves films of the same taste; the last film is unknown to it."""
    rng = np.random.default_rng(4)
    history = (np.eye(3, dims)[np.arange(films) % 3] + rng.normal(0, 0.1, (films, dims))).astype(np.float32)
    items = np.concatenate([4 * history, np.linspace(0.5, 0, films)[:, None]], axis=1).astype(np.float32)
    items[-1], history[-1] = 0, 0
    layers = [rng.normal(0, 0.05, shape) for shape in ((dims, hidden), hidden, (hidden, dims), dims)]
    return TwoTowerModel(items, history, *(layer.astype(np.float32) for layer in layers))


def make_bundle(
    films: int = 120,
    outside: int = 12,
    vectors: bool = True,
    weights: Weights | None = None,
    version: str = "v1",
    svd: bool = False,
    latent: bool = True,
    towers: bool = False,
) -> Bundle:
    popularity = np.linspace(2, 0, films).astype(np.float32)
    return Bundle(
        version=version,
        model_version="ease-test",
        catalogue=make_catalogue(films),
        collaborative=make_tables(films, outside),
        popularity=popularity / popularity[:50].mean(),
        acclaim=popularity[::-1] / popularity[:50].mean(),
        embeddings=make_embeddings(films) if vectors else None,
        weights=weights or Weights(),
        created_at="2026-01-01T00:00:00Z",
        svd=make_factors(films) if svd else None,
        latent=make_latent(films - outside) if latent else None,
        towers=make_towers(films) if towers else None,
    )


@dataclass
class NumpySearch(SearchPort):
    """The search port over a bundle: scores count title words, vectors are compared exactly."""

    bundle: Bundle
    index_version: str = "numpy-1"
    down: bool = False
    requests: list[SearchRequest] = field(default_factory=list)

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        self.requests.append(request)
        if self.down:
            raise SearchUnavailable("timeout")
        allowed = request.filters.mask(self.bundle.catalogue)
        text = knn = None
        if request.text is not None:
            words = request.text.lower().split()
            titles = [title.lower().split() for title in self.bundle.catalogue.titles]
            scores = np.array([sum(word in title for word in words) for title in titles], np.float32)
            text = make_hits(scores, allowed, request.size)
        if request.vectors is not None and self.bundle.embeddings is not None:
            knn = make_hits(self.bundle.embeddings.cosines(request.vectors), allowed, request.size)
        return SearchResult(text, knn)

    @cached_property
    def names(self) -> Names:
        return Names.of(self.bundle.catalogue)

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        titles = [title.lower().split() for title in self.bundle.catalogue.titles]
        matches = [[row for row, title in enumerate(titles) if word in title] for word in words]
        return [Mention(np.array(rows, np.int32), np.full(len(rows), TextField.TITLE, np.uint8)) for rows in matches]

    def named(self, text: str, errors: int = 0) -> NamedFilms:
        titles = list(self.bundle.catalogue.titles)
        return NamedFilms(
            np.array([row for row, title in enumerate(titles) if title.lower() == text.lower()], np.int32)
        )

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


def make_hits(scores: NDArray[np.float32], allowed: NDArray[np.bool_], size: int) -> Hits:
    best = np.sort(scores[scores > 0])[::-1]
    rows = np.flatnonzero(allowed & (scores > 0))
    best_rows = rows[np.argsort(-scores[rows], kind="stable")][:size].astype(np.int32)
    floor = float(best[size - 1]) if len(best) >= size else 0.0
    return Hits(best_rows, scores[best_rows], float(best[:50].mean()) if len(best) else 0.0, floor)


@dataclass
class HashEncoder(TextEncoder):
    """Encode texts as vectors of the test bundle's length, without a model."""

    encoder_id: str = "test-encoder"
    dims: int = 16

    def encode(self, texts: Sequence[str], deadline: Deadline | None = None) -> NDArray[np.float32]:
        vectors = [np.random.default_rng(sum(map(ord, text))).normal(0, 1, self.dims) for text in texts]
        return np.array([vector / np.linalg.norm(vector) for vector in vectors], np.float32)


@dataclass
class FixedRelease(Releases):
    """The releases port with one release, which a test may replace."""

    release: Release

    def current(self) -> Release:
        return self.release


def make_release(bundle: Bundle | None = None) -> Release:
    bundle = bundle or make_bundle()
    return Release(bundle, NumpySearch(bundle))


def apply_all(profile: Profile, events: Sequence[Event]) -> Profile:
    """Return the profile after these events, applied in order."""
    for event in events:
        profile = apply(profile, event)
    return profile


def events(*films: str, kind: EventKind = EventKind.LIKE, value: float = 1.0, start: int = 1_000) -> list[Event]:
    """One event per film, a second apart."""
    return [Event(film, kind, value, start + 1_000 * i) for i, film in enumerate(films)]


def person(*films: str, user_id: str = "ann", kind: EventKind = EventKind.LIKE) -> Profile:
    """A stored profile with one event per film, oldest first."""
    profile = apply_all(Profile(user_id), events(*films, kind=kind))
    return Profile(user_id, profile.history, profile.seen, profile.disliked, "r1", 1)
