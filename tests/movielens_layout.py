"""Write a dataset in the MovieLens layout, for other tools and for round-trip tests of the readers."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl

from data_jobs.records import Dataset, Film
from services.recommender.domain.history import EventKind

METADATA = "tmdb_metadata.jsonl"
_STARS_OF_LIKE, _STARS_OF_DISLIKE = 4.5, 1.0


def write_movielens(dataset: Dataset, folder: Path) -> None:
    """Write movies, links, tags and ratings.csv, and the films' other fields as ``tmdb_metadata.jsonl``.

    Likes become 4.5 stars and dislikes 1; watches and clicks are left out, since the layout has no place for them. A
    film without a year is written as its title alone. ``movielens_id`` is null for an item id that is not a number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    films = dataset.films
    _write(folder / "movies.csv", ("movieId", "title", "genres"), (_movie(film) for film in films))
    _write(folder / "links.csv", ("movieId", "imdbId", "tmdbId"), (_link(film) for film in films))
    tags = ((1, film.item_id, tag, 0) for film in films for tag in film.tags)
    _write(folder / "tags.csv", ("userId", "movieId", "tag", "timestamp"), tags)
    _ratings(dataset).write_csv(folder / "ratings.csv")
    lines = [json.dumps(_metadata(film), ensure_ascii=False) + "\n" for film in films]
    (folder / METADATA).write_text("".join(lines), encoding="utf-8")


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _movie(film: Film) -> tuple[object, ...]:
    title = film.title if film.year is None else f"{film.title} ({film.year})"
    return film.item_id, title, "|".join(film.genres) or "(no genres listed)"


def _link(film: Film) -> tuple[object, ...]:
    return film.item_id, (film.imdb_id or "").removeprefix("tt"), film.tmdb_id or ""


def _metadata(film: Film) -> dict[str, object]:
    return {
        "movielens_id": int(film.item_id) if film.item_id.isdecimal() else None,
        "tmdb_id": film.tmdb_id,
        "title": film.title,
        "overview": film.overview,
        "genres": film.genres,
        "year": film.year,
        "keywords": film.keywords,
        "cast": film.cast,
        "director": " & ".join(film.directors),
        "vote_average": film.vote_average,
        "vote_count": film.vote_count,
        "popularity": film.popularity,
        "original_language": film.language,
        "poster_path": film.poster_path,
        "imdb_id": film.imdb_id,
        "runtime": film.runtime,
        "tagline": film.tagline,
    }


def _ratings(dataset: Dataset) -> pl.DataFrame:
    events = dataset.events
    stars = np.select(
        [events.kind == EventKind.RATING, events.kind == EventKind.LIKE, events.kind == EventKind.DISLIKE],
        [events.value, _STARS_OF_LIKE, _STARS_OF_DISLIKE],
        default=0.0,
    )
    frame = pl.DataFrame(
        {
            "userId": pl.Series(events.user_ids, dtype=pl.String).gather(events.user),
            "movieId": pl.Series([film.item_id for film in dataset.films], dtype=pl.String).gather(events.film),
            "rating": stars,
            "timestamp": events.ts_ms // 1000,
        }
    )
    return frame.filter(pl.col("rating") > 0)
