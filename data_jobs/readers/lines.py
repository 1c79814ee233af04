"""JSON lines, plain or gzip, each line by itself: a bad one spoils no other."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from data_jobs.readers.files import require
from data_jobs.report import Report


def read_json_lines(path: Path, report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line of a JSONL file, plain or gzip (told by its bytes).

    Blank lines are skipped; a line that is not an object is reported and left out. Raises DataError for a
    missing or empty file, a broken gzip, or a file without one good line.
    """
    require(path, report)
    good, latin = 0, False
    try:
        with _open_lines(path) as file:
            for number, raw in enumerate(file, 1):
                if not raw.strip():
                    continue
                report.rows[path.name] += 1
                text, is_utf8 = _text(raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw)
                if number == 1 and raw.startswith(codecs.BOM_UTF8):
                    report.add("bom", path.name)
                if not is_utf8 and not latin:
                    latin = True
                    report.add("latin-1", path.name, line=number)
                if (record := _object(text, path.name, number, report)) is not None:
                    good += 1
                    yield number, record
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        report.fail("unreadable-file", path.name, f"a whole gzip file: {error}; copy or download it again")
    if not good:
        report.fail("empty-file", path.name, f"one JSON object a line in {path}")


def _open_lines(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb") if packed else path.open("rb"))


def _text(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("latin-1"), False


def _object(text: str, file: str, number: int, report: Report) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict):
        return record
    report.add("malformed-json", file, line=number, value=text.strip(), expected="one JSON object a line")
    return None
