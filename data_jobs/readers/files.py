"""Read real-world CSV: UTF-8 or Latin-1, with or without BOM, CRLF or LF, quoted commas and line breaks."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

import polars as pl

from data_jobs.report import Report

_CHUNK = 1 << 24
_ROWS = 200_000
_BLOCK = 1 << 25
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNIT = "\x1f"
_ESCAPED = re.compile(r"\\([\"\\])")
_FEW_LETTERS = 20
"""Fewer letters beyond ASCII than these do not identify an encoding."""
# A cell may hold a long cast, but an unclosed quote must end somewhere.
csv.field_size_limit(1 << 20)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written. ``delimiter``: one character, or "::". ``header``: columns of a file without a header.
    ``quoted``: False if quotes are text. ``tail``: whether the last column may contain delimiters. ``skip``: lines
    before the header or rows. ``escaped``: whether quotes inside cells follow a backslash, as MySQL writes them.
    """

    delimiter: str = ","
    header: tuple[str, ...] | None = None
    quoted: bool = True
    tail: bool = False
    skip: int = 0
    escaped: bool = False

    @property
    def unit(self) -> str:
        """Return the delimiter as one character; ``unified`` substitutes it for "::"."""
        return self.delimiter if len(self.delimiter) == 1 else _UNIT

    def unified(self, text: str) -> str:
        """Return the text with ``unit`` between its cells."""
        return text if len(self.delimiter) == 1 else text.replace(self.delimiter, _UNIT)

    def reader(self, lines: Iterable[str]) -> "Iterator[list[str]]":
        """Return the rows of these lines."""
        texts = map(self.unified, lines)
        if self.escaped:
            texts = map(_unescaped, texts)
        if self.quoted:
            return csv.reader(texts, delimiter=self.unit)
        return csv.reader(texts, delimiter=self.unit, quoting=csv.QUOTE_NONE)


CSV = Dialect()


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: '""' if match[1] == '"' else "\\", text)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What one pass over a file's bytes reveals."""

    encoding: str
    exact: bool
    """Whether the csv module is needed: for quotes, or lines that end in CR alone."""


def require(path: Path, report: Report) -> None:
    """Raise DataError unless the file exists and is not empty."""
    if not path.is_file():
        report.fail("missing-file", path.name, f"a file at {path}")
    if path.stat().st_size == 0:
        report.fail("empty-file", path.name, f"rows in {path}, which has 0 bytes")


def _examine(path: Path, report: Report) -> _Shape:
    """Determine encoding, quotes and line ends in one pass, and note BOM, CRLF and Latin-1. Raises DataError for an
    unsupported encoding.
    """
    require(path, report)
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding, exact, crlf = "utf-8-sig", False, False
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            report.add("utf-16", path.name)
            return _Shape("utf-16", exact=True)
        file.seek(0)
        if file.read(3) == codecs.BOM_UTF8:
            report.add("bom", path.name)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            if encoding != "latin-1" and not _decodes(decoder, chunk):
                encoding = "latin-1"
                if _is_foreign(chunk):
                    report.fail("unreadable-file", path.name, "a text in UTF-8, UTF-16 or Latin-1, and this looks like "
                                "another encoding (Windows-1251, Shift-JIS, GBK ...): save it as UTF-8")  # fmt: skip
            exact = exact or b'"' in chunk or (b"\r" in chunk and b"\n" not in chunk)
            crlf = crlf or b"\r\n" in chunk
    if decoder.getstate()[0]:  # the file ends within a character
        encoding = "latin-1"
    if encoding == "latin-1":
        report.add("latin-1", path.name)
    if crlf:
        report.add("crlf", path.name)
    return _Shape(encoding, exact)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    if chunk.isascii() and decoder.getstate()[0] == b"":
        return True
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _is_foreign(chunk: bytes) -> bool:
    """Return whether bytes that are not UTF-8 are not Latin-1 either: whole words consist of letters beyond ASCII."""
    high = sum(map(len, re.findall(rb"[\x80-\xff]+", chunk)))
    words = sum(map(len, re.findall(rb"[\x80-\xff]{4,}", chunk)))
    as_utf8 = chunk.decode("utf-8", "ignore").encode()
    decodable = sum(map(len, re.findall(rb"[\x80-\xff]+", as_utf8)))
    return high >= _FEW_LETTERS and words * 2 > high and decodable * 2 < high


def _header(path: Path, shape: _Shape, required: Sequence[str], report: Report, dialect: Dialect) -> list[str]:
    if dialect.header is not None:
        return list(dialect.header)
    with path.open(encoding=shape.encoding, newline="") as file:
        names = [name.strip() for name in next(dialect.reader(islice(file, dialect.skip, None)), [])]
    for name in required:
        if name not in names:
            advice = f"the columns {', '.join(required)}; found {', '.join(names)[:200] or 'none'}"
            report.fail("missing-column", path.name, advice, field=name)
    return names


def read_table(
    path: Path,
    report: Report,
    required: Sequence[str],
    optional: Sequence[str] | None = (),
    may_lack_rows: bool = False,
    dialect: Dialect = CSV,
) -> pl.DataFrame:
    """Read a whole CSV file: the batches of :func:`iter_table` as one."""
    return pl.concat(list(iter_table(path, report, required, optional, may_lack_rows, dialect)))


def iter_table(
    path: Path,
    report: Report,
    required: Sequence[str],
    optional: Sequence[str] | None = (),
    may_lack_rows: bool = False,
    dialect: Dialect = CSV,
) -> Iterator[pl.DataFrame]:
    """Yield a CSV file in batches of strings, "" for an empty cell, plus ``line``: int64, from 1, a record's first
    line.

    Columns: ``required`` and those of ``optional`` that exist (None: every column). Raises DataError for a missing,
    empty or broken file or a missing column; a header alone is only noted if the file ``may_lack_rows``. Rows of the
    wrong length are reported and left out. A file without quotes goes through polars, any other through Python's csv
    module, which counts lines.
    """
    shape = _examine(path, report)
    header = _header(path, shape, required, report, dialect)
    columns = [name for name in dict.fromkeys(header) if optional is None or name in (*required, *optional)]
    table_file = _TableFile(path, header, columns, report, dialect)
    before = report.rows[path.name]
    by_rows = (shape.exact and dialect.quoted) or shape.encoding != "utf-8-sig" or dialect.tail
    for batch in _by_rows(table_file, shape) if by_rows else _by_columns(table_file):
        report.rows[path.name] += batch.height
        yield _without_headers(batch, table_file)
    if report.rows[path.name] == before and may_lack_rows:
        report.add("no-rows", path.name)
        yield table_file.frame([])
    elif report.rows[path.name] == before:
        report.fail("empty-file", path.name, f"rows below the header of {path}")


def _without_headers(batch: pl.DataFrame, table_file: "_TableFile") -> pl.DataFrame:
    """Leave out headers among the rows, as in concatenated files."""
    names = table_file.columns
    if table_file.dialect.header is not None or len(names) < 2 or not (batch[names[0]] == names[0]).any():
        return batch
    is_header = pl.all_horizontal(pl.col(name).str.strip_chars() == name for name in names)
    for line in batch.filter(is_header)["line"]:
        table_file.report.add("repeated-header", table_file.path.name, line=line)
    return batch.filter(~is_header)


@dataclass(frozen=True, slots=True)
class _TableFile:
    """A table's file, its header and the columns to read."""

    path: Path
    header: list[str]
    columns: list[str]
    report: Report
    dialect: Dialect

    @property
    def first_line(self) -> int:
        """Return the line of the first row."""
        return self.dialect.skip + (1 if self.dialect.header is not None else 2)

    def frame(self, records: Sequence[tuple[int, list[str]]]) -> pl.DataFrame:
        """Return records of the csv module as columns."""
        cells: dict[str, list[Any]] = {"line": [line for line, _ in records]}
        for name in self.columns:
            place = self.header.index(name)
            cells[name] = [row[place] for _, row in records]
        return pl.DataFrame(cells, schema={"line": pl.Int64, **dict.fromkeys(self.columns, pl.String)})


def _by_columns(table_file: _TableFile) -> Iterator[pl.DataFrame]:
    """Read a file without quotes fast: a line is a record, and blocks of lines are independent."""
    with table_file.path.open("rb") as file:
        line = table_file.first_line
        for _ in range(line - 1):
            file.readline()
        while block := file.read(_BLOCK):
            block += file.readline()
            lines = block.count(b"\n") + (not block.endswith(b"\n"))
            yield _block(table_file, block, line, lines)
            line += lines


def _block(table_file: _TableFile, block: bytes, line: int, lines: int) -> pl.DataFrame:
    """Read a block of lines; if a row has the wrong length, the csv module reads the block again to find it."""
    names = [f"column_{place}" for place in range(1, len(table_file.header) + 1)]
    dialect = table_file.dialect
    cells = block if len(dialect.delimiter) == 1 else block.replace(dialect.delimiter.encode(), _UNIT.encode())
    schema = dict.fromkeys(names, pl.String)
    try:
        table = pl.read_csv(cells, has_header=False, schema=schema, quote_char=None, separator=dialect.unit)
    except pl.exceptions.PolarsError:
        table = pl.DataFrame()
    # The last column is null in a row that is too short, or that just ends in an empty cell.
    if table.height != lines or (table.width and table[:, -1].null_count()):
        text = io.StringIO(block.decode("utf-8"), newline="")
        return table_file.frame(list(_records(text, table_file, line)))
    selected = table.select(
        table.to_series(table_file.header.index(name)).fill_null("").alias(name) for name in table_file.columns
    )  # fmt: skip
    return selected.insert_column(0, pl.Series("line", range(line, line + lines), pl.Int64))


def _by_rows(table_file: _TableFile, shape: _Shape) -> Iterator[pl.DataFrame]:
    """Read any file with the csv module: quoted line breaks, Latin-1, UTF-16."""
    with table_file.path.open(encoding=shape.encoding, newline="") as file:
        line = 1 + sum(1 for _ in islice(file, table_file.dialect.skip))
        if table_file.dialect.header is None:
            lines = _Lines(file)
            next(table_file.dialect.reader(lines), None)
            line += lines.count
        records = _records(file, table_file, line)
        yield table_file.frame([])
        while batch := list(islice(records, _ROWS)):
            yield table_file.frame(batch)


class _Lines:
    """Passes lines to the csv module, counts them and holds those of the current record."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.count = 0
        self.held: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        self.held.append(line)
        return line

    def take(self) -> list[str]:
        """Return the lines since the last call."""
        held, self.held = self.held, []
        return held


def _records(file: IO[str], table_file: _TableFile, line: int) -> Iterator[tuple[int, list[str]]]:
    """Yield first line and cells of each record; ``line`` is the current position in the file."""
    report, name, width = table_file.report, table_file.path.name, len(table_file.header)
    lines, before = _Lines(file), line - 1
    try:
        for row in table_file.dialect.reader(lines):
            raw_lines = lines.take()
            if table_file.dialect.tail and len(row) > width:
                row = [*row[: width - 1], table_file.dialect.unit.join(row[width - 1 :])]
            if len(row) > width and not any(row[width:]):
                row = row[:width]
            if len(row) == width:
                if len(raw_lines) > 1:
                    report.add("newline-in-field", name, line=line, value=",".join(row))
                yield line, row
            elif len(raw_lines) > 1:
                yield from _reread(raw_lines, table_file, line)
            elif any(cell.strip() for cell in row):
                _misfit(table_file, line, row)
            line = before + lines.count + 1
    except csv.Error as error:
        report.fail("unreadable-file", name, f"CSV near line {line}: {error}; is a quote left open?")


def _misfit(table_file: _TableFile, line: int, row: list[str]) -> None:
    """Report a row of the wrong length."""
    table_file.report.rows[table_file.path.name] += 1
    expected = f"{len(table_file.header)} fields, found {len(row)} (a comma inside a field needs quotes)"
    table_file.report.add("wrong-field-count", table_file.path.name, line=line, value=",".join(row), expected=expected)


def _reread(raw_lines: list[str], table_file: _TableFile, first: int) -> Iterator[tuple[int, list[str]]]:
    """Return the lines swallowed by an unclosed quote, each by itself; a line with too many quotes is read without
    them.
    """
    plain = replace(table_file.dialect, quoted=False)
    for line, text in enumerate(raw_lines, first):
        odd = text.count('"') % 2 == 1
        row = next((plain if odd else table_file.dialect).reader([text]), [])
        if odd:
            table_file.report.add("open-quote", table_file.path.name, line=line, value=text.strip())
            row = [cell.strip().strip('"').strip() for cell in row]
        if len(row) == len(table_file.header):
            yield line, row
        elif any(cell.strip() for cell in row):
            _misfit(table_file, line, row)
