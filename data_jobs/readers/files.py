"""CSV as people really have it: UTF-8 or Latin-1, BOM or not, CRLF or LF, quoted commas and line breaks."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import polars as pl

from data_jobs.report import Report

_CHUNK = 1 << 24
_ROWS = 200_000
_BLOCK = 1 << 25
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What one pass over a file's bytes tells."""

    encoding: str
    quoted: bool


def require(path: Path, report: Report) -> None:
    """Raise DataError unless there is a file with something in it."""
    if not path.is_file():
        report.fail("missing-file", path.name, f"a file at {path}")
    if path.stat().st_size == 0:
        report.fail("empty-file", path.name, f"rows in {path}, which has 0 bytes")


def _examine(path: Path, report: Report) -> _Shape:
    """Encoding and quotes in one pass; notes BOM, CRLF and Latin-1."""
    require(path, report)
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding, quoted, crlf = "utf-8-sig", False, False
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            report.fail("unreadable-file", path.name, "UTF-8; this is UTF-16: save it again as UTF-8")
        file.seek(0)
        if file.read(3) == codecs.BOM_UTF8:
            report.add("bom", path.name)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            if encoding != "latin-1" and not _decodes(decoder, chunk):
                encoding = "latin-1"
            quoted = quoted or b'"' in chunk
            crlf = crlf or b"\r\n" in chunk
    if encoding == "latin-1":
        report.add("latin-1", path.name)
    if crlf:
        report.add("crlf", path.name)
    return _Shape(encoding, quoted)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    if chunk.isascii() and decoder.getstate()[0] == b"":
        return True
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _header(path: Path, shape: _Shape, required: Sequence[str], report: Report) -> list[str]:
    with path.open(encoding=shape.encoding, newline="") as file:
        found = [name.strip() for name in next(csv.reader(file), [])]
    for name in required:
        if name not in found:
            advice = f"the columns {', '.join(required)}; found {', '.join(found)[:200] or 'none'}"
            report.fail("missing-column", path.name, advice, field=name)
    return found


def read_table(
    path: Path,
    report: Report,
    required: Sequence[str],
    optional: Sequence[str] | None = (),
    may_lack_rows: bool = False,
) -> pl.DataFrame:
    """A whole CSV file: the batches of :func:`iter_table` in one."""
    return pl.concat(list(iter_table(path, report, required, optional, may_lack_rows)))


def iter_table(
    path: Path,
    report: Report,
    required: Sequence[str],
    optional: Sequence[str] | None = (),
    may_lack_rows: bool = False,
) -> Iterator[pl.DataFrame]:
    """A CSV file in batches of strings, "" for an empty cell, plus ``line``: int64, from 1, a record's first line.

    Columns: ``required`` and those of ``optional`` that are there (None: every column). Raises DataError for a
    missing, empty or broken file or a missing column; a header alone is only noted if the file ``may_lack_rows``.
    Rows of the wrong length are reported and left out.
    A file without quotes goes through polars, any other through Python's csv module, which counts lines.
    """
    shape = _examine(path, report)
    header = _header(path, shape, required, report)
    wanted = [name for name in dict.fromkeys(header) if optional is None or name in (*required, *optional)]
    layout = _Layout(path, header, wanted, report)
    before = report.rows[path.name]
    by_rows = shape.quoted or shape.encoding == "latin-1"
    for batch in _by_rows(layout, shape) if by_rows else _by_columns(layout):
        report.rows[path.name] += batch.height
        yield batch
    if report.rows[path.name] == before and may_lack_rows:
        report.add("no-rows", path.name)
        yield layout.frame([])
    elif report.rows[path.name] == before:
        report.fail("empty-file", path.name, f"rows below the header of {path}")


@dataclass(frozen=True, slots=True)
class _Layout:
    """A table's file, its columns and which of them are wanted."""

    path: Path
    header: list[str]
    wanted: list[str]
    report: Report

    def frame(self, records: Sequence[tuple[int, list[str]]]) -> pl.DataFrame:
        """Records of the csv module as columns."""
        columns: dict[str, list[Any]] = {"line": [line for line, _ in records]}
        for name in self.wanted:
            place = self.header.index(name)
            columns[name] = [row[place] for _, row in records]
        return pl.DataFrame(columns, schema={"line": pl.Int64, **dict.fromkeys(self.wanted, pl.String)})


def _by_columns(layout: _Layout) -> Iterator[pl.DataFrame]:
    """The fast way, for files without quotes: there a line is a record, and blocks of lines stand alone."""
    with layout.path.open("rb") as file:
        file.readline()
        line = 2
        while block := file.read(_BLOCK):
            block += file.readline()
            lines = block.count(b"\n") + (not block.endswith(b"\n"))
            yield _block(layout, block, line, lines)
            line += lines


def _block(layout: _Layout, block: bytes, line: int, lines: int) -> pl.DataFrame:
    """A block of lines; one with a row of the wrong length is read again by the csv module, which finds it."""
    names = [f"column_{place}" for place in range(1, len(layout.header) + 1)]
    try:
        table = pl.read_csv(block, has_header=False, schema=dict.fromkeys(names, pl.String), quote_char=None)
    except pl.exceptions.PolarsError:
        table = pl.DataFrame()
    # The last column is null in a row that is too short, or that simply ends in an empty cell.
    if table.height != lines or (table.width and table[:, -1].null_count()):
        text = io.StringIO(block.decode("utf-8"), newline="")
        return layout.frame(list(_records(text, layout, line)))
    cells = table.select(table.to_series(layout.header.index(name)).fill_null("").alias(name) for name in layout.wanted)
    return cells.insert_column(0, pl.Series("line", range(line, line + lines), pl.Int64))


def _by_rows(layout: _Layout, shape: _Shape) -> Iterator[pl.DataFrame]:
    """The exact way: quoted line breaks, Latin-1."""
    with layout.path.open(encoding=shape.encoding, newline="") as file:
        reader = csv.reader(file)
        next(reader, None)
        records = _records(file, layout, reader.line_num + 1)
        yield layout.frame([])
        while batch := list(islice(records, _ROWS)):
            yield layout.frame(batch)


def _records(file: IO[str], layout: _Layout, line: int) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each record; ``line`` is where the file stands."""
    report, name, width = layout.report, layout.path.name, len(layout.header)
    reader, before = csv.reader(file), line - 1
    try:
        for row in reader:
            if len(row) == width:
                if before + reader.line_num > line:
                    report.add("newline-in-field", name, line=line, value=",".join(row))
                yield line, row
            elif any(cell.strip() for cell in row):
                report.rows[name] += 1
                expected = f"{width} fields, found {len(row)} (a comma inside a field needs quotes)"
                report.add("wrong-field-count", name, line=line, value=",".join(row), expected=expected)
            line = before + reader.line_num + 1
    except csv.Error as error:
        report.fail("unreadable-file", name, f"CSV near line {line}: {error}; is a quote left open?")
