"""``features/items.parquet``: the films for other tools, and the text to embed for each film."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import polars as pl

from data_jobs.records import Film

_LISTS = ("genres", "directors", "cast", "keywords", "tags", "aka", "other_ids")
_TYPES: dict[str, pl.DataType] = {
    "year": pl.Int32(),
    "runtime": pl.Int32(),
    "tmdb_id": pl.Int64(),
    "vote_average": pl.Float64(),
    "vote_count": pl.Int64(),
    "popularity": pl.Float64(),
    **{name: pl.List(pl.String()) for name in _LISTS},
}
ITEMS_FILE = "items.parquet"
EMBEDDED_PEOPLE = 5


def text_to_embed(film: Film) -> str:
    """Return "Decade. Genres. Overview. Keywords. People" for the encoder, most informative first.

    The title is left out, since its words alone make films similar: American Beauty and Drop Dead Gorgeous. It is used
    if nothing else describes the film, and the tagline if the overview is missing. Encoders truncate at their own
    length.
    """
    people = dict.fromkeys((*film.directors, *film.cast))
    about = film.overview or film.tagline
    parts = (
        f"{film.year // 10 * 10}s" if film.year else "",
        ", ".join(film.genres),
        about if about or film.keywords else film.title,
        ", ".join(film.keywords),
        ", ".join(list(people)[: len(film.directors) + EMBEDDED_PEOPLE]),
    )
    return " ".join(_sentence(part) for part in parts if part.strip())


def title_with_year(film: Film) -> str:
    """Return "Heat (1995)", or the title alone if the year is unknown."""
    return f"{film.title} ({film.year})" if film.year else film.title


def write_items(films: Sequence[Film], folder: Path) -> Path:
    """Write the films, one row each in the given order, with their ``text``; return the file."""
    schema = {field.name: _TYPES.get(field.name, pl.String()) for field in fields(Film)} | {"text": pl.String()}
    columns = {
        name: [_plain(getattr(film, name)) for film in films] for name in schema if name != "text"
    } | {"text": [text_to_embed(film) for film in films]}  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ITEMS_FILE
    pl.DataFrame(columns, schema=schema).write_parquet(path, statistics=False)
    return path


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
