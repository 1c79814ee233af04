"""Handmade worlds of a few films, whose scores can be worked out on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import Strings
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue, TraitKind, Traits, hash_ids
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.genres import to_mask
from services.recommender.domain.tables import CollaborativeTables, ItemTable
from services.recommender.domain.weights import Weights
from services.recommender.query.conditions import Understood
from services.recommender.query.matching import Matches
from services.recommender.signals import Inputs
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import FilmTraits

# Old likes count as much as new ones, and a single event makes a catalogue mature.
EVEN = Weights(recency_floor=1.0, mature_events=0.0)
# Entries of a table by rows of films: the first film in a taste adds this value to the second film's score.
TableEntries = Mapping[tuple[int, int], float]


@dataclass(frozen=True, slots=True)
class Film:
    """``traits``: such as "director: Ada Ford", each with its value in the film's row. ``vector``: in fifths, so
    that (3, 4) has length 1; empty for none.
    """

    title: str = ""
    traits: Mapping[str, float] = field(default_factory=dict)
    vector: tuple[int, ...] = ()
    events: int = 1
    votes: int = 0
    popularity: float = 0.0
    acclaim: float = 0.0
    series: int = -1
    part: int = 0
    year: int = 0
    genres: tuple[str, ...] = ()


def bundle_of(
    films: Sequence[Film],
    main: TableEntries | None = None,
    short: TableEntries | None = None,
    people: Mapping[tuple[int, int], int] | None = None,
    borrowing: Mapping[int, Mapping[int, float]] | None = None,
    mean: tuple[float, ...] = (),
) -> Bundle:
    """Return a bundle of films by row. ``people``: how many like both films of a pair; ``borrowing``: the films outside
    the tables, with their neighbours and weights; ``mean``: the mean film's vector, zero by default.
    """
    return Bundle(
        version="by-hand",
        model_version="by-hand",
        catalogue=catalogue_of(films),
        collaborative=tables_of([film.events for film in films], main or {}, short or {}, people or {}, borrowing),
        popularity=np.array([film.popularity for film in films], np.float32),
        acclaim=np.array([film.acclaim for film in films], np.float32),
        embeddings=_embeddings(films, mean),
    )


def catalogue_of(films: Sequence[Film]) -> Catalogue:
    """Return a catalogue in which film i has the id "f{i}" and, without a title, is called "Film {i}"."""
    ids = [f"f{row}" for row in range(len(films))]
    hashes = hash_ids(ids)
    order = np.argsort(hashes)
    return Catalogue(
        item_ids=Strings.of(ids),
        titles=Strings.of(film.title or f"Film {row}" for row, film in enumerate(films)),
        details=Strings.of("{}" for _ in films),
        years=np.array([film.year for film in films], np.int16),
        genre_bits=np.array([to_mask(film.genres) for film in films], np.uint32),
        language_codes=np.full(len(films), -1, np.int16),
        languages=(),
        votes=np.array([film.votes for film in films], np.int32),
        tmdb_ids=np.zeros(len(films), np.int32),
        tmdb_rows=np.arange(len(films), dtype=np.int32),
        imdb_ids=np.zeros(len(films), np.int32),
        imdb_rows=np.arange(len(films), dtype=np.int32),
        runtimes=np.zeros(len(films), np.int16),
        ages=np.full(len(films), -1, np.int8),
        series=np.array([film.series for film in films], np.int32),
        parts=np.array([film.part for film in films], np.int16),
        hashes=hashes[order],
        hash_rows=order.astype(np.int32),
        other_ids=Strings.of([]),
        other_hashes=np.empty(0, np.uint64),
        other_rows=np.empty(0, np.int32),
        traits=_traits(films),
    )


def trait_names(films: Sequence[Film]) -> list[str]:
    """Return the traits in the order of their numbers."""
    return sorted({name for film in films for name in film.traits})


class WrittenTraits(FilmTraits):
    """The values as they are written down, in place of those that rarity would give them."""

    def values_of(self, traits: NDArray[np.integer], films: NDArray[np.integer]) -> NDArray[np.float32]:
        written = dict(zip(zip(self.ids.tolist(), self.owner.tolist(), strict=True), self.values, strict=True))
        pairs = zip(traits.tolist(), films.tolist(), strict=True)
        return np.array([written[pair] for pair in pairs], np.float32)


def trait_rows(films: Sequence[Film]) -> FilmTraits:
    names, rarity = trait_names(films), FilmTraits.of(_traits(films))
    values = [film.traits[name] for film in films for name in names if name in film.traits]
    return WrittenTraits(**{**vars(rarity), "values": np.array(values, np.float32)})


def tables_of(
    events: Sequence[int],
    main: TableEntries,
    short: TableEntries,
    people: Mapping[tuple[int, int], int],
    borrowing: Mapping[int, Mapping[int, float]] | None = None,
) -> CollaborativeTables:
    """Return tables whose positions are the rows in reverse order, so that confusing the two fails."""
    borrowing = borrowing or {}
    rows = np.array([row for row in reversed(range(len(events))) if row not in borrowing], np.int32)
    position = np.full(len(events), -1, np.int32)
    position[rows] = np.arange(len(rows))

    def square(cells: Mapping[tuple[int, int], float], kind: type[np.generic]) -> NDArray[np.generic]:
        table = np.zeros((len(rows), len(rows)), kind)
        for (first, second), value in cells.items():
            table[position[first], position[second]] = value
        return table

    columns = np.tile(np.arange(len(rows), dtype=np.uint16), (len(rows), 1))
    outside = sorted(borrowing)
    count = max((len(by_row) for by_row in borrowing.values()), default=0)
    neighbours, weights = np.zeros((count, len(outside)), np.uint16), np.zeros((count, len(outside)), np.float32)
    for at, row in enumerate(outside):
        for place, (neighbour, weight) in enumerate(borrowing[row].items()):
            neighbours[place, at], weights[place, at] = position[neighbour], weight
    return CollaborativeTables(
        rows=rows,
        position=position,
        main=ItemTable(columns, square(main, np.float16).astype(np.float16)),
        short=ItemTable(columns, square(short, np.float16).astype(np.float16)),
        outside=np.array(outside, np.int32),
        neighbours=neighbours,
        neighbour_weights=weights,
        events=np.array(events, np.int32),
        shared=square(people, np.uint8).astype(np.uint8),
    )


def taste_of(
    rows: Sequence[int],
    base: Sequence[float] = (),
    ranks: Sequence[int] = (),
    disliked: Sequence[int] = (),
    dislike_weights: Sequence[float] = (),
) -> Taste:
    """Return a taste; by default all films are liked equally and at the same rank."""
    return Taste(
        np.array(rows, np.int32),
        np.array(base or [1.0] * len(rows), np.float32),
        np.array(ranks or [0] * len(rows), np.int32),
        np.array(disliked, np.int32),
        np.array(dislike_weights or [1.0] * len(disliked), np.float32),
    )


def with_rows(inputs: Inputs, rows: FilmTraits) -> Inputs:
    """The same request under trait rows that are written down."""
    return replace(inputs, facts=replace(inputs.facts, trait_rows=rows))


def without_film(inputs: Inputs, index: int) -> Inputs:
    """The request of a person who never touched one film of the taste, under the same plan."""
    return replace(inputs, taste=inputs.taste.without(index))


def matches_of(films: int, like: tuple[int, ...] = (), **parts: NDArray[np.float32]) -> Matches:
    """Return the matches of a query that every film matches; ``parts``: its ``share``, and terms by name."""
    share = parts.pop("share", np.ones(films, np.float32))
    return Matches(
        understood=Understood("", "", like=like),
        matched=np.ones(films, bool),
        excluded=np.zeros(films, bool),
        terms=parts,
        share=share,
        leading=np.empty(0, np.int32),
        mentions=(),
        met={},
    )


def _traits(films: Sequence[Film]) -> Traits:
    names = trait_names(films)
    ids = [[number for number, name in enumerate(names) if name in film.traits] for film in films]
    flat = np.array([number for of_film in ids for number in of_film], np.int32)
    kinds = [TraitKind[name.split(": ")[0].upper()] for name in names]
    return Traits(
        offsets=np.cumsum([0, *map(len, ids)]).astype(np.int32),
        ids=flat,
        kinds=np.array(kinds, np.uint8),
        films=np.bincount(flat, minlength=len(names)).astype(np.int32),
        names=Strings.of(name.split(": ")[1] for name in names),
    )


def _embeddings(films: Sequence[Film], mean: tuple[float, ...]) -> Embeddings | None:
    dims = max((len(film.vector) for film in films), default=0)
    if not dims:
        return None
    codes = np.array([film.vector or (0,) * dims for film in films], np.int8)
    scales = np.array([0.2 if film.vector else 0.0 for film in films], np.float32)
    return Embeddings(codes, scales, np.array(mean or (0.0,) * dims, np.float32), "by-hand")
