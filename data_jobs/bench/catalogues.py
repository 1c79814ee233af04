"""The films to measure: the sample or a MovieLens folder, extended from a TMDB file, with their viewers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data_jobs.catalogue import arranged
from data_jobs.forms.films import read_tmdb
from data_jobs.records import Dataset, Events, Film
from data_jobs.report import DataError, Progress, Report
from data_jobs.sample.load import SIMULATED, load_sample
from data_jobs.sample.simulate import simulate
from data_jobs.validate import Source, load

VIEWERS = 3_000
# The simulation holds a films x traits matrix, so only the most voted films are watched; all would take gigabytes.
WATCHED_FILMS = 10_000
SEED = 11


@dataclass(frozen=True, slots=True)
class Filling:
    """Fill the catalogue up to ``films`` from ``metadata`` (TMDB, JSON lines), most voted first. If there are no
    events, ``viewers`` are simulated.
    """

    films: int
    metadata: Path
    viewers: int = VIEWERS


def read_dataset(source: Source | None, filling: Filling | None, progress: Progress) -> Dataset:
    """Return the data set, best known films first. Events are the source's own; if the catalogue was filled up without
    a source, viewers are simulated (``sources`` says so). Raises DataError, also if the files have too few films.
    """
    dataset, _ = load_sample(progress) if source is None else load(source, progress)
    if filling is None:
        return arranged(dataset)
    report = Report(keep=0)
    metadata = read_tmdb(filling.metadata, report, progress)
    films = fill_catalogue(dataset.films, [*metadata.by_movielens.values(), *metadata.by_tmdb.values()], filling.films)
    sources = (*dataset.sources, filling.metadata.name)
    if source is not None:
        return arranged(replace(dataset, films=films, sources=sources))
    progress.advance("simulating viewers", 0, None)
    events = simulated_events(films, filling.viewers)
    progress.advance("simulating viewers", len(events), len(events))
    return arranged(Dataset(films, events, tuple(dict.fromkeys((*sources, SIMULATED)))))


def fill_catalogue(base: Sequence[Film], candidates: Sequence[Film], films: int) -> tuple[Film, ...]:
    """Return ``base`` plus the most voted ``candidates`` that it lacks, ``films`` in all.

    Raises DataError if there are too few candidates. A base that is large enough is returned unchanged.
    """
    ids = {film.item_id for film in base}
    tmdb_ids = {film.tmdb_id for film in base if film.tmdb_id is not None}
    new_films: dict[str, Film] = {}
    for film in candidates:
        candidate = replace(film, item_id=film.item_id or f"tmdb-{film.tmdb_id}")
        if film.tmdb_id is not None and film.tmdb_id not in tmdb_ids and candidate.item_id not in ids:
            new_films.setdefault(candidate.item_id, candidate)
    missing = max(0, films - len(base))
    if missing > len(new_films):
        raise DataError(
            f"{films:,} films requested, but the base has {len(base):,} and the metadata {len(new_films):,} others; "
            f"ask for at most {len(base) + len(new_films):,}"
        )
    most_voted = sorted(new_films.values(), key=lambda film: (-(film.vote_count or 0), film.item_id))
    return (*base, *most_voted[:missing])


def simulated_events(films: Sequence[Film], viewers: int, most: int = WATCHED_FILMS) -> Events:
    """Return ratings by simulated viewers of the ``most`` most voted films; ``film`` is the row in ``films``."""
    votes = np.array([film.vote_count or 0 for film in films])
    watched = np.sort(np.argsort(-votes, kind="stable")[:most])
    events = simulate([films[row] for row in watched.tolist()], viewers, SEED)
    return replace(events, film=watched[events.film].astype(np.int32))
