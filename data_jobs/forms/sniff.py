"""Inspect the beginning of a file: its layout, its columns, and some of its rows."""

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data_jobs.forms.columns import EVENT, FILM, match
from data_jobs.forms.part import Layout
from data_jobs.readers.files import CSV, Dialect
from data_jobs.readers.lines import is_document, parsed, unwrapped
from services.adapters.column_names import folded
from services.adapters.file_kinds import SEPARATOR, binary_kind, text_kind

HEAD = 1 << 18
_DOCUMENT = 1 << 25
_ROWS = 2_000
_DELIMITERS = ",;\t|"
_PREAMBLE = 12
"""Lines above a header that may describe the file."""
_ESCAPED_INSIDE = re.compile(r'"[^"\\]*\\"[^,;\t|"]')
"""A quote escaped by a backslash within a cell instead of doubled."""
_DOUBLED = re.compile(r'\w""\w|\w"" | ""\w')
_SPACED = re.compile(r"\d+ \d+ \d*\.?\d+(?: \d+)?")
"""Person, film, rating and perhaps time, separated by blanks as in research data."""
QUESTIONS = "a list of the Netflix prize without ratings"
_RATED = re.compile(r"\d+,\d,\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The beginning of a file. ``names``: its columns; ``rows``: some rows; ``headed``: whether the file names its
    columns; ``why``: what it is, if it cannot be read.
    """

    path: Path
    layout: Layout
    dialect: Dialect = CSV
    names: tuple[str, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()
    headed: bool = True
    why: str = ""

    def cells(self, name: str) -> list[str]:
        """Return some values of a column as text."""
        return [str(row[name]).strip() for row in self.rows if row.get(name) not in (None, "")]


def sniff(path: Path, column_names: Collection[str] = ()) -> Sniffed:
    """Inspect the beginning of a file; ``column_names``: names that are always column names."""
    raw = _head(path, HEAD)
    if why := binary_kind(raw):
        return Sniffed(path, Layout.NONE, why=why)
    text = _decoded(raw)
    if why := text_kind(text):
        return Sniffed(path, Layout.NONE, why=why)
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return _sniff_json(path, text)
    return _sniff_table(path, text, column_names, whole=len(raw) < HEAD)


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        raw = file.read(size)
    if raw[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path, "rb") as packed:
                return packed.read(size)
        except (OSError, EOFError):
            return raw
    return raw


def _decoded(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "ignore")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return raw.decode("utf-8", "strict" if len(raw) < HEAD else "ignore")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _sniff_json(path: Path, text: str) -> Sniffed:
    records: list[dict[str, Any]] = []
    if is_document(text):
        text = _decoded(_head(path, _DOCUMENT))
        decoder, at = json.JSONDecoder(), 0
        text = text.strip()
        try:
            while at < len(text) and len(records) < _ROWS:
                value, at = decoder.raw_decode(text, at)
                values = value if isinstance(value, list) else [value]
                records += [record for record in values if isinstance(record, dict)]
                while at < len(text) and text[at] in " \t\r\n,":
                    at += 1
        except (ValueError, RecursionError):
            records = records or _elements(text)
    else:
        for line in text.splitlines()[:_ROWS]:
            value = parsed(line)
            if isinstance(value, dict):
                records.append(value)
    rows = [inner for record in records for inner in unwrapped(record)][:_ROWS]
    names = Counter(name for row in rows for name in row)
    if not names and len(text.strip()) < 3:
        return Sniffed(path, Layout.NONE, why="empty")
    return Sniffed(path, Layout.JSON, names=tuple(names), rows=tuple(rows))


def _elements(text: str) -> list[dict[str, Any]]:
    """Return the first objects of a list of which only the beginning was read."""
    decoder, at, records = json.JSONDecoder(), text.find("{"), list[dict[str, Any]]()
    while 0 <= at < len(text) and len(records) < _ROWS:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        if isinstance(value, dict):
            records.append(value)
        at = text.find("{", at)
    return records


def _sniff_table(path: Path, text: str, column_names: Collection[str], *, whole: bool) -> Sniffed:
    all_lines = text.splitlines()
    skip = _first_line(all_lines, column_names)
    separator = SEPARATOR.fullmatch(all_lines[skip].strip('" '))
    lines = [line for line in all_lines[skip + bool(separator) :] if line.strip()]
    lines = lines if whole or len(lines) < 3 else lines[:-1]
    if not lines:
        return Sniffed(path, Layout.NONE, why="empty")
    if re.fullmatch(r"\d+:", lines[0].strip()):
        if not any(_RATED.fullmatch(line.strip()) for line in lines[1:3]):
            return Sniffed(path, Layout.NONE, why=QUESTIONS)
        return Sniffed(path, Layout.NETFLIX, names=("user", "value", "ts"), headed=False)
    delimiter = separator[1] if separator else _delimiter(lines, column_names)
    quoted = delimiter != "::" and not lines[0].startswith("tconst\t")
    escaped = quoted and any(_ESCAPED_INSIDE.search(line) for line in lines) and not any(map(_DOUBLED.search, lines))
    dialect = Dialect(delimiter, quoted=quoted, skip=skip + bool(separator), escaped=escaped)
    try:
        rows = [row for row in dialect.reader(lines[: _ROWS + 1]) if row]
    except csv.Error:
        rows = [line.split(delimiter) for line in lines[: _ROWS + 1]]
    first = tuple(cell.strip() for cell in rows[0])
    if _is_header(first) or _are_named(first, column_names):
        named = [dict(zip(first, row, strict=False)) for row in rows[1:]]
        return Sniffed(path, Layout.TABLE, dialect, first, tuple(named))
    names = tuple(f"column {at}" for at in range(1, len(first) + 1))
    bare = replace(dialect, header=names, quoted=quoted and delimiter != "|")
    return Sniffed(path, Layout.TABLE, bare, names, tuple(dict(zip(names, row, strict=False)) for row in rows), False)


def _first_line(lines: Sequence[str], column_names: Collection[str]) -> int:
    """Return where the table begins: at the first line that is not blank, or below a few lines of description."""
    first = next(at for at, line in enumerate(lines) if line.strip())
    begin = [at for at in range(first, min(first + _PREAMBLE, len(lines))) if lines[at].strip()]
    heads = [at for at in begin if any(_names_columns(_cells(lines[at], mark), column_names) for mark in _DELIMITERS)]
    return first if not heads or heads[0] == first else heads[-1]


def _names_columns(cells: Sequence[str], column_names: Collection[str]) -> bool:
    """Return whether these cells name at least two known columns."""
    columns = {*match(cells, FILM, {}).values(), *match(cells, EVENT, {}).values()}
    return (len(columns) > 1 and _is_header(cells)) or _are_named(cells, column_names)


def _delimiter(lines: Sequence[str], column_names: Collection[str]) -> str:
    """Return the delimiter that splits the first line into the most cells, and the next lines into as many."""
    if sum("::" in line for line in lines[:50]) * 2 > len(lines[:50]):
        return "::"
    if all(map(_SPACED.fullmatch, lines[:50])):
        return " "
    counts = {mark: [_width(line, mark) for line in lines[:50]] for mark in _DELIMITERS}
    steady = {mark: sum(width == widths[0] for width in widths) for mark, widths in counts.items()}

    def fit(mark: str) -> tuple[bool, bool, int]:
        cells = _cells(lines[0], mark)
        headed = _is_header(cells) or _are_named(cells, column_names)
        return len(cells) > 1, headed, steady[mark] * min(len(cells), 8)

    best = max(_DELIMITERS, key=fit)
    return best if counts[best][0] > 1 else ","


def _cells(line: str, mark: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=mark), [])]
    except csv.Error:
        return line.split(mark)


def _width(line: str, mark: str) -> int:
    return len(_cells(line, mark))


def _are_named(cells: Sequence[str], column_names: Collection[str]) -> bool:
    """Return whether the caller named one of these columns."""
    return not {folded(cell) or cell for cell in cells}.isdisjoint(folded(name) or name for name in column_names)


def _is_header(cells: Sequence[str]) -> bool:
    """Return whether these are column names: at least one is known, and none is a number."""
    named = [cell for cell in cells if cell]
    if any(re.fullmatch(r"[\d.,:-]+", cell) for cell in named) or len(set(named)) < len(named):
        return False
    columns = {**match(cells, FILM, {}), **match(cells, EVENT, {})}
    return bool(columns) or "nconst" in cells  # IMDb's table of people, which has no other known column
