"""Read film parts: catalogues, their metadata, links between ids, tags, and separate facts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from data_jobs.forms.part import Layout, Part, Role, Space
from data_jobs.forms.recognise import ANY, ReadOptions, recognise
from data_jobs.forms.rows import note_others, records_of
from data_jobs.forms.shapes import is_film, plain
from data_jobs.readers.events import Columns, Lookup
from data_jobs.readers.fields import Fields, decimal, imdb_id
from data_jobs.readers.files import read_table, require
from data_jobs.readers.films import Named, named_of
from data_jobs.readers.merge import Link, Metadata, Movie
from data_jobs.readers.text import fold
from data_jobs.records import Film
from data_jobs.report import Progress, Report

MAX_TAGS = 10
_STEP = 10_000
_BEST = 10.0
"""The top of Marquee's scale for the average of votes."""
_ID = {Space.OWN: "title", Space.TMDB: "tmdb_id", Space.IMDB: "imdb_id"}

Facts = Mapping[str, Mapping[str, object]]


def read_catalogue(parts: Sequence[Part], facts: Facts, report: Report, progress: Progress) -> list[Movie]:
    """Return the films of these parts, each once, in order. Raises DataError for an unusable file."""
    movies: dict[str, Movie] = {}
    for part in parts:
        note_others(part, report)
        done = 0
        for fields in _rows(part, facts, report):
            done += 1
            movie = _movie(part, fields)
            if movie is not None and (first := movies.setdefault(movie.item_id, movie)) is not movie:
                is_same = (first.film.title, first.film.year) == (movie.film.title, movie.film.year)
                fields.say("repeated-film" if is_same else "duplicate-film", _id_of(part), movie.item_id)
            if done % _STEP == 0:
                progress.advance(f"reading {part.name}", done, None)
        progress.advance(f"reading {part.name}", done, done)
    return list(movies.values())


def _id_of(part: Part) -> str:
    return "item_id" if "item_id" in part.columns else _ID[part.space]


def _rows(part: Part, facts: Facts, report: Report) -> Iterator[Fields]:
    """Yield the records of a part with nesting flattened and separate facts added; rows that are not films are
    skipped.
    """
    dropped = 0
    for line, record in records_of(part, report):
        shaped = plain(record)
        if "kind" in shaped and not is_film(shaped["kind"]):
            dropped += 1
            continue
        if part.scale and part.scale != _BEST and (average := decimal(shaped.get("vote_average"))) is not None:
            shaped["vote_average"] = average * _BEST / part.scale
        for space, name in ((Space.TMDB, "tmdb_id"), (Space.IMDB, "imdb_id"), (Space.OWN, "item_id")):
            extra = facts.get(fact_key(space, shaped.get(name)))
            if extra:
                shaped = {**extra, **{name: value for name, value in shaped.items() if value not in (None, "", [])}}
        yield Fields(shaped, part.name, line, report, part.columns)
    report.add_uncited("not-a-film", part.name, dropped)


def _movie(part: Part, fields: Fields) -> Movie | None:
    name = _id_of(part)
    if part.form == ANY and name != "item_id" and not fields.has(name):
        name = "title"
    if name == "imdb_id":
        item_id = fields.imdb(name)
    elif name == "title":
        item_id = None
    else:
        item_id = fields.key(name)
    if name == "tmdb_id" and item_id is not None and not item_id.isdecimal():
        fields.say("bad-id", name, item_id, "a TMDB id, which is a whole number")
        return None
    named = None if item_id is None and name != "title" else named_of(fields, item_id or "", part.is_movielens)
    if named is None:
        return None
    if name == "title":
        named = _by_title(named)
    return Movie(named.film.item_id, fields.line, named.title, named.film, part.name, part.columns.get(name, name))


def _by_title(named: Named) -> Named:
    """Give a film without an id one made of its title and year."""
    return named._replace(film=replace(named.film, item_id=title_id(named.film.title, named.film.year)))


def title_id(title: str, year: int | None) -> str:
    """Return an id: "Seven Samurai", 1954 -> "seven-samurai-1954"."""
    slug = fold(title).replace(" ", "-") or title
    return f"{slug}-{year}"[:128] if year else slug[:128]


def read_metadata(parts: Iterable[Part], facts: Facts, report: Report, progress: Progress) -> Metadata:
    """Return metadata by each id that may lead to a film; the parts with most columns take precedence."""
    ordered = sorted(parts, key=lambda part: -len(part.columns))
    metadata = Metadata(ordered[0].name)
    for part in ordered:
        note_others(part, report)
        done = 0
        for fields in _rows(part, facts, report):
            done += 1
            movielens_id = fields.whole("movielens_id", 1, 2**53)
            named = named_of(fields, "" if movielens_id is None else str(movielens_id))
            if named is not None:
                _index(metadata, named.film, fields)
            if done % _STEP == 0:
                progress.advance(f"reading {part.name}", done, None)
        progress.advance(f"reading {part.name}", done, done)
    return metadata


def read_tmdb(path: Path, report: Report, progress: Progress) -> Metadata:
    """Read a file of TMDB metadata. Raises DataError if it is missing, empty, broken or of another form."""
    require(path, report)
    (part,) = recognise([path], ReadOptions())
    return read_metadata([metadata_part(part, report)], {}, report, progress)


def metadata_part(part: Part, report: Report) -> Part:
    """Return a part of films as metadata, whatever its id space. Raises DataError for any other part."""
    if part.role is not Role.FILMS:
        actual = part.why or f"{part.role} ({part.form})"
        report.fail(
            "empty-file" if part.why == "empty" else "unknown-form", part.name, f"films with titles; found {actual}"
        )
    columns = {("tmdb_id" if name == "item_id" and "tmdb_id" not in part.columns else name): theirs
               for name, theirs in part.columns.items()}  # fmt: skip
    return replace(part, space=Space.TMDB, columns=columns)


def _index(metadata: Metadata, film: Film, fields: Fields) -> None:
    """File the film under its ids; the first film under an id stays."""
    if film.item_id:
        if metadata.by_movielens.setdefault(film.item_id, film) is not film:
            fields.say("duplicate-metadata", "movielens_id", film.item_id)
    elif film.tmdb_id is not None and film.tmdb_id in metadata.by_tmdb:
        fields.say("duplicate-metadata", "tmdb_id", film.tmdb_id)
    if film.tmdb_id is not None:
        metadata.by_tmdb.setdefault(film.tmdb_id, film)
    if film.imdb_id is not None:
        metadata.by_imdb.setdefault(film.imdb_id, film)
    metadata.add_title(film)


def fact_key(space: Space, value: object) -> str:
    """Return the key of separate facts: id space and id."""
    if value is None or value == "":
        return ""
    text = (imdb_id(value) or "") if space is Space.IMDB else str(value).removesuffix(".0")
    return f"{space}:{text}"


def read_facts(parts: Iterable[Part], report: Report) -> Facts:
    """Return fields of films by id, from files without titles: credits, keywords, ratings."""
    facts: dict[str, dict[str, object]] = {}
    for part in parts:
        note_others(part, report)
        id_name = _id_of(part)
        for line, record in records_of(part, report):
            shaped = plain(record)
            key = fact_key(part.space, shaped.pop(id_name, None))
            if not key:
                field = part.columns.get(id_name, id_name)
                report.add("missing-value", part.name, line=line, field=field, expected="an id")
                continue
            fields = facts.setdefault(key, {})
            values = {name: value for name, value in shaped.items() if value not in (None, "", [])}
            fields.update({name: value for name, value in values.items() if name not in fields})
    return facts


def read_links(parts: Iterable[Part], report: Report) -> dict[str, Link]:
    """Return item id -> link."""
    links: dict[str, Link] = {}
    for part in parts:
        for line, record in records_of(part, report, may_lack_rows=True):
            fields = Fields(record, part.name, line, report, part.columns)
            link = Link(line, fields.whole("tmdb_id", 1, 2**53), fields.imdb("imdb_id"), part.name)
            item_id = str(record["item_id"]).strip()
            if links.setdefault(item_id, link) is not link:
                fields.say("duplicate-metadata", "item_id", item_id)
    return links


def read_tags(
    parts: Iterable[Part], lookup: Lookup, item_ids: Sequence[str], report: Report
) -> dict[str, tuple[str, ...]]:
    """Return item id -> its tags in lower case, most people first, then alphabetical, at most ten."""
    tables = [_tags(part, lookup, report) for part in parts]
    if not tables:
        return {}
    ranked = (
        pl.concat(tables)
        .group_by("film", "tag")
        .agg(pl.col("user").n_unique().alias("people"))
        .sort("film", "people", "tag", descending=[False, True, False])
        .group_by("film", maintain_order=True)
        .agg(pl.col("tag").head(MAX_TAGS))
    )
    return {item_ids[film]: tuple(tags) for film, tags in ranked.iter_rows()}


def _tags(part: Part, lookup: Lookup, report: Report) -> pl.DataFrame:
    """Return ``user, film, tag`` of a file; wrong rows are reported."""
    if part.layout is not Layout.TABLE:
        rows = [(line, *(str(record.get(name) or "") for name in ("user", "item_id", "tag")))
                for line, record in records_of(part, report, may_lack_rows=True)]  # fmt: skip
        table = pl.DataFrame(rows, schema=["line", "user", "item", "tag"], orient="row")
    else:
        back = {theirs: ours for ours, theirs in part.columns.items()} | {part.columns["item_id"]: "item"}
        table = read_table(part.path, report, tuple(back), (), True, part.dialect).rename(back)
    columns = Columns(part.name, {**part.columns, "item": part.columns["item_id"]}, report)
    table = lookup.with_films(table, columns)
    table = columns.drop(table, pl.col("film").is_null(), "unknown-film", "item", "a film of the catalogue")
    table = columns.drop(table, pl.col("tag").str.strip_chars() == "", "missing-value", "tag", "a tag")
    spellings = table.unique("tag", keep="first", maintain_order=True).select("line", "tag")
    clean = [Fields({}, part.name, line, report).clean("tag", tag).lower() for line, tag in spellings.rows()]
    spellings = spellings.with_columns(pl.Series("clean", clean, pl.String)).drop("line")
    cleaned = table.join(spellings, on="tag").select("user", "film", pl.col("clean").alias("tag"))
    return cleaned.filter(pl.col("tag") != "")
