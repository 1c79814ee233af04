"""Read the rows of a part under our own column names: records for films, batches of strings for events."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import polars as pl

from data_jobs.forms.part import Layout, Part, Space
from data_jobs.readers.files import iter_table, require
from data_jobs.readers.lines import read_json_lines
from data_jobs.report import Report

_BATCH = 200_000
_INNER = ("$oid", "$date", "$numberInt", "$numberLong", "$numberDouble", "id", "_id", "title", "name")
"""The fields of an object that replace it: MongoDB's typed values, ids, names."""
_YEARS = ("film.year", "film.release_date")
_BLOCK = 1 << 25

Record = tuple[int, Mapping[str, object]]


def note_others(part: Part, report: Report) -> None:
    """Note each column that is not read; those of JSON are noted as they appear."""
    if part.layout is Layout.JSON:
        return
    expected = ", ".join(sorted(part.columns))
    for name in filter(None, part.others):
        report.add("unknown-field", part.name, field=name, expected=expected)


def records_of(part: Part, report: Report, *, may_lack_rows: bool = False) -> Iterator[Record]:
    """Yield line and fields of each row, under our names. Raises DataError for an empty or broken file."""
    if part.layout is Layout.JSON:
        for line, record in _objects(part, report):
            yield line, {ours: record.get(theirs) for ours, theirs in part.columns.items()}
        return
    for batch in _table(part, report, may_lack_rows):
        for row in batch.iter_rows(named=True):
            yield row.pop("line"), row


def batches_of(part: Part, names: Sequence[str], report: Report, *, may_lack_rows: bool) -> Iterator[pl.DataFrame]:
    """Yield ``line`` and those of the columns ``names`` that the part has, as strings, "" for missing values.

    If films are identified by titles and there is a column of years, the year is appended to ``item``.
    """
    columns = [name for name in names if name in part.columns]
    year = next((name for name in _YEARS if name in part.columns and part.space is Space.TITLE), None)
    read = [*columns, year] if year and year not in columns else columns
    if part.layout is Layout.JSON:
        batches = _json(part, read, report)
    elif part.layout is Layout.NETFLIX:
        batches = _netflix(part, report)
    else:
        batches = (batch.select("line", *read) for batch in _table(part, report, may_lack_rows))
    for batch in batches:
        yield batch if year is None else _with_year(batch, year).select("line", *columns)


def _with_year(batch: pl.DataFrame, year: str) -> pl.DataFrame:
    """Append the year to titles that lack it: "Heat" becomes "Heat (1995)"."""
    number = pl.col(year).str.extract(r"((?:18|19|20)\d\d)")
    bare = number.is_not_null() & ~pl.col("item").str.contains(r"\(\d{4}\)\s*$") & (pl.col("item") != "")
    named = pl.concat_str(pl.col("item").str.strip_chars_end(), pl.lit(" ("), number, pl.lit(")"))
    return batch.with_columns(pl.when(bare).then(named).otherwise(pl.col("item")).alias("item"))


def _objects(part: Part, report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a JSON file; note each field that is not read."""
    seen, expected = set(part.columns.values()), ", ".join(sorted(set(part.columns) - part.awaited))
    for line, record in read_json_lines(part.path, report):
        for name in record.keys() - seen:
            seen.add(name)
            report.add("unknown-field", part.name, field=name, expected=expected)
        yield line, record


def _table(part: Part, report: Report, may_lack_rows: bool) -> Iterator[pl.DataFrame]:
    back = {theirs: ours for ours, theirs in part.columns.items()}
    for batch in iter_table(part.path, report, tuple(back), (), may_lack_rows, part.dialect):
        yield batch.rename(back)


def _json(part: Part, names: Sequence[str], report: Report) -> Iterator[pl.DataFrame]:
    """Yield batches, so that a long log is never held as objects all at once."""
    schema = {"line": pl.Int64, **dict.fromkeys(names, pl.String)}
    lines = _objects(part, report)
    while batch := list(islice(lines, _BATCH)):
        columns: dict[str, list[int] | list[str]] = {"line": [line for line, _ in batch]}
        for name in names:
            field = part.columns[name]
            columns[name] = [_as_text(record.get(field)) for _, record in batch]
        yield pl.DataFrame(columns, schema=schema)


def _as_text(value: object) -> str:
    """Return a JSON value as a CSV cell; an object as its id or title. Lone surrogates, which no column can hold, are
    replaced.
    """
    if isinstance(value, dict):
        value = next((value[name] for name in _INNER if value.get(name) is not None), None)
    if value is None:
        return ""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _netflix(part: Part, report: Report) -> Iterator[pl.DataFrame]:
    """Read the Netflix prize format: "movie:" on its own line, followed by lines of person, rating and date."""
    require(part.path, report)
    line, film = 1, ""
    with part.path.open("rb") as file:
        while block := file.read(_BLOCK):
            block += file.readline()
            texts = block.decode("latin-1").splitlines()
            table = pl.DataFrame({"line": range(line, line + len(texts)), "text": texts},
                                 schema={"line": pl.Int64, "text": pl.String})  # fmt: skip
            head = pl.col("text").str.ends_with(":")
            film_of = pl.when(head).then(pl.col("text").str.strip_suffix(":")).forward_fill().fill_null(film)
            table = table.with_columns(film_of.alias("item"))
            film, line = str(table["item"][-1]), line + len(texts)
            cells = table.filter(~head & (pl.col("text") != "")).with_columns(
                pl.col("text").str.split_exact(",", 2).struct.rename_fields(["user", "value", "ts"]).alias("cells")
            )
            rows = cells.unnest("cells").select("line", pl.col("user", "item", "value", "ts").fill_null(""))
            report.rows[part.name] += rows.height
            yield rows
