"""Turn films into catalogue columns for serving, and compute the traits they share."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from data_jobs.certification import age_of
from data_jobs.items import title_with_year
from data_jobs.records import Dataset, Events, Film
from data_jobs.series import DatedTitle, Series, find_series
from services.recommender.domain.arrays import Strings
from services.recommender.domain.catalogue import Catalogue, TraitKind, Traits, hash_id, hash_ids, imdb_number, rows_by
from services.recommender.domain.genres import NO_GENRES, to_mask
from services.recommender.domain.history import taste_weights

MIN_FILMS_OF_TRAIT = 2
CAST_AS_TRAITS = 5
_MAX_INT32 = 2**31 - 1
_MAX_INT16 = 2**15 - 1

Trait = tuple[TraitKind, str]


def arranged(dataset: Dataset, counts: NDArray[np.int64] | None = None) -> Dataset:
    """Return the same data with the best known films first: by positive events, then votes, then id; a film with
    neither is placed by a hash of its id. ``counts`` int64[films]: the positive events, if counted elsewhere.

    Rows used together then lie together on disk, and the order does not depend on the order of the files.
    """
    films = dataset.films
    counts = welcomes(len(films), dataset.events) if counts is None else counts
    votes = [film.vote_count or 0 for film in films]
    has_votes = bool(counts.any()) or any(votes)

    def place(row: int) -> tuple[int, int, int, str]:
        item_id = films[row].item_id
        # Lists of films that score the same follow the rows, and should not be alphabetical.
        return -int(counts[row]), -votes[row], 0 if has_votes else hash_id(item_id), item_id

    order = sorted(range(len(films)), key=place)
    row_of = np.empty(len(films), np.int32)
    row_of[order] = np.arange(len(films), dtype=np.int32)
    events = replace(dataset.events, film=row_of[dataset.events.film].astype(np.int32))
    return replace(dataset, films=tuple(films[row] for row in order), events=events)


def build_catalogue(films: Sequence[Film], events: Events, counts: NDArray[np.int64] | None = None) -> Catalogue:
    """Return the catalogue with film i in row i. ``votes``: TMDB's count, else the number of people with a positive
    event: a dislike never makes a film better known. ``counts`` int64[films]: that number, if counted elsewhere.
    """
    languages = tuple(sorted({film.language for film in films if film.language}))
    code_of = {code: position for position, code in enumerate(languages)}
    hashes = hash_ids(film.item_id for film in films)
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    series = find_series([DatedTitle(film.title, film.year or 0, film.series or "") for film in films])
    other_ids = sorted(
        (int(hash_ids([item_id])[0]), row, item_id) for row, film in enumerate(films) for item_id in film.other_ids
    )
    numbers, parts = _series_columns(series, len(films))
    tmdb_ids = np.array([_within(film.tmdb_id, _MAX_INT32) for film in films], np.int32)
    imdb_ids = np.array([_within(imdb_number(film.imdb_id), _MAX_INT32) for film in films], np.int32)
    return Catalogue(
        item_ids=Strings.of(film.item_id for film in films),
        titles=Strings.of(film.title for film in films),
        details=Strings.of(_details(film) for film in films),
        years=np.array([_within(film.year, _MAX_INT16) for film in films], np.int16),
        genre_bits=np.array([to_mask(film.genres) for film in films], np.uint32),
        language_codes=np.array([code_of.get(film.language or "", -1) for film in films], np.int16),
        languages=languages,
        votes=_votes(films, welcomes(len(films), events) if counts is None else counts),
        tmdb_ids=tmdb_ids,
        tmdb_rows=rows_by(tmdb_ids),
        imdb_ids=imdb_ids,
        imdb_rows=rows_by(imdb_ids),
        runtimes=np.array([_within(film.runtime, _MAX_INT16) for film in films], np.int16),
        ages=np.array([age_of(film.certification) for film in films], np.int8),
        series=numbers,
        parts=parts,
        hashes=hashes[order],
        hash_rows=order,
        other_ids=Strings.of(item_id for _, _, item_id in other_ids),
        other_hashes=np.array([id_hash for id_hash, _, _ in other_ids], np.uint64),
        other_rows=np.array([row for _, row, _ in other_ids], np.int32),
        traits=_traits(films, series),
    )


def traits_of(film: Film) -> Iterator[Trait]:
    """Yield what a film could share with another: genres, decade and pairs of decades, directors, keywords and people's
    tags, top cast, language.
    """
    for genre in film.genres:
        if genre not in NO_GENRES:
            yield TraitKind.GENRE, genre
    if film.year:
        decade = film.year // 10 * 10
        yield TraitKind.DECADE, f"{decade}s"
        yield TraitKind.ERA, f"{decade - 10}s and {decade}s"
        yield TraitKind.ERA, f"{decade}s and {decade + 10}s"
    for director in film.directors:
        yield TraitKind.DIRECTOR, director.strip()
    for keyword in (*film.keywords, *film.tags):
        yield TraitKind.KEYWORD, keyword.strip().lower()
    for actor in film.cast[:CAST_AS_TRAITS]:
        yield TraitKind.CAST, actor.strip()
    if film.language:
        yield TraitKind.LANGUAGE, film.language


def _traits(films: Sequence[Film], series: Sequence[Series]) -> Traits:
    """Return the traits of at least two films, sorted by kind and name, and each film's as a row of trait ids."""
    of_film = [[trait for trait in dict.fromkeys(traits_of(film)) if trait[1]] for film in films]
    for name, members in series:
        for row in members:
            of_film[row].append((TraitKind.SERIES, name))
    counts: dict[Trait, int] = {}
    for traits_here in of_film:
        for trait in traits_here:
            counts[trait] = counts.get(trait, 0) + 1
    names = sorted(trait for trait, films_with_it in counts.items() if films_with_it >= MIN_FILMS_OF_TRAIT)
    id_of = {trait: position for position, trait in enumerate(names)}
    rows = [sorted(id_of[trait] for trait in traits_here if trait in id_of) for traits_here in of_film]
    return Traits(
        offsets=np.array([0, *accumulate(map(len, rows))], np.int32),
        ids=np.array([trait_id for row in rows for trait_id in row], np.int32),
        kinds=np.array([kind for kind, _ in names], np.uint8),
        films=np.array([counts[trait] for trait in names], np.int32),
        names=Strings.of(name for _, name in names),
    )


def _details(film: Film) -> str:
    """Return the details read for one film at a time, as JSON."""
    document = {
        "title_year": title_with_year(film),
        "overview": film.overview,
        "tagline": film.tagline,
        "directors": film.directors,
        "cast": film.cast,
        "keywords": film.keywords,
        "tags": film.tags,
        "aka": film.aka,
        "runtime": film.runtime,
        "certification": film.certification,
        "imdb_id": film.imdb_id,
        "poster_path": film.poster_path,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _votes(films: Sequence[Film], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    votes = [film.vote_count if film.vote_count is not None else int(counts[row]) for row, film in enumerate(films)]
    return np.clip(np.array(votes, np.int64), 0, _MAX_INT32).astype(np.int32)


def _series_columns(series: Sequence[Series], films: int) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Return the number of each film's series (-1 none) and its part in it (0 none)."""
    numbers, parts = np.full(films, -1, np.int32), np.zeros(films, np.int16)
    for number, (_, rows) in enumerate(series):
        numbers[list(rows)] = number
        parts[list(rows)] = np.arange(1, len(rows) + 1)
    return numbers, parts


def welcomes(films: int, events: Events) -> NDArray[np.int64]:
    """Return how many people have a positive event (weight above 0 in the taste) with each film, int64[films]."""
    half_stars = np.rint(events.value * 2).astype(np.uint8)
    return np.bincount(events.film[taste_weights(events.kind, half_stars) > 0], minlength=films).astype(np.int64)


def _within(value: int | None, largest: int) -> int:
    """Return a number as the columns store it: 0 if missing or out of range."""
    return value if value is not None and 0 < value <= largest else 0
