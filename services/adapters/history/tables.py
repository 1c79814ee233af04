"""Parsing of exports: text in any common encoding, CSV with any common delimiter, dates, ids, stars."""

import codecs
import csv
import io
import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from services.adapters.file_kinds import SEPARATOR
from services.adapters.history.archive import refused
from services.recommender.domain.catalogue import IMDB_ID

MAX_CELL = 131_072
MAX_ROWS = 50_000
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_TMDB = re.compile(r"(?:tmdb|themoviedb)://(\d{1,10})")
_NUMERIC_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")

_LINE_END = re.compile(r"\r\n?|\n")
_IN_WORDS = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%a %b %d %H:%M:%S %Y")
_LATEST_S, _LATEST_MS = 1e11, 1e14

Row = dict[str, str]


class Header(NamedTuple):
    """Header of a table. ``names``: its columns, lower-case; ``start``: its line, after a line that gives the delimiter
    for Excel.
    """

    delimiter: str
    names: tuple[str, ...]
    start: int


def text_of(content: bytes) -> str:
    """Decode a file: UTF-8, UTF-16 with a byte order mark, else Windows-1252."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def header_of(text: str) -> Header:
    """Read the first line of a table."""
    first, start = _line(text, 0)
    separator = SEPARATOR.fullmatch(first)
    if separator:
        first, _ = _line(text, start)
    delimiter = separator[1] if separator else max(",;\t", key=first.count)
    names = tuple(cell.strip().strip('"').lower() for cell in first.split(delimiter))
    return Header(delimiter, names, start if separator else 0)


def _line(text: str, start: int) -> tuple[str, int]:
    """Return the line that starts at an offset, and the offset of the next one."""
    end = _LINE_END.search(text, start)
    return (text[start : end.start()], end.end()) if end else (text[start:], len(text))


def rows_of(name: str, text: str, header: tuple[str, ...] = ()) -> Iterator[tuple[int, Row]]:
    """Yield line numbers and rows by lower-case column. ``header``: the columns of a file without a header line. Raises
    InvalidRequest for a broken file or too many rows.
    """
    delimiter, _, start = header_of(text)
    reader = csv.reader(io.StringIO(text[start:], newline=""), delimiter=delimiter)
    lines_above = 1 if start else 0
    try:
        columns = list(header) or [column.strip().lower() for column in next(reader, [])]
        for count, cells in enumerate(reader):
            if count >= MAX_ROWS:
                raise refused(f"{name} has more than {MAX_ROWS:,} rows; send it in parts")
            # The csv module's own limit is global, and other code raises it.
            if any(len(cell) > MAX_CELL for cell in cells):
                raise refused(
                    f"{name}, line {reader.line_num + lines_above}: a field of more than {MAX_CELL:,} characters"
                )
            if any(cells):
                yield reader.line_num + lines_above, dict(zip(columns, map(str.strip, cells), strict=False))
    except csv.Error as error:
        raise refused(f"{name}, line {reader.line_num + lines_above}: {error}; export it again") from error


def json_of(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON document
    """Parse a JSON file, or one of a JSON document per line, as a list. Raises InvalidRequest."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise refused(f"{name} is not valid JSON ({error}); export it again") from error


def moment(text: object) -> int | None:
    """Parse ISO 8601, with or without time, or epoch seconds or milliseconds, as epoch milliseconds; None for anything
    else.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return int(text * 1_000 if text < _LATEST_S else text) if 0 < text < _LATEST_MS else None
    stripped = str(text or "").strip()
    if stripped.isdecimal() and len(stripped) <= 14:
        return moment(int(stripped)) if len(stripped) > 8 else None
    try:
        instant = datetime.fromisoformat(stripped)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return _epoch_ms(instant)
    except (ValueError, OverflowError):
        return None


def day(text: str, *, day_first: bool) -> int | None:
    """Parse a date in numbers (2024-01-31, 31.1.24, 1/31/24) or English (31 Jan 2024, January 31, 2024) as epoch
    milliseconds; None for anything else.
    """
    match = _NUMERIC_DATE.match(text.strip())
    if match is None:
        return moment(text) or _in_words(text)
    first, second, third = (int(part) for part in match.groups())
    year, month, date = (first, second, third) if len(match[1]) == 4 else (third, second, first)
    if len(match[1]) != 4 and not day_first and "." not in match[0]:
        month, date = date, month
    try:
        return _epoch_ms(datetime(year + 2_000 if year < 100 else year, month, date, tzinfo=UTC))
    except ValueError:
        return None


def _in_words(text: str) -> int | None:
    for form in _IN_WORDS:
        try:
            return _epoch_ms(datetime.strptime(text.replace(",", " ").strip(), form).replace(tzinfo=UTC))
        except ValueError:
            continue
    return None


def is_day_first(dates: list[str]) -> bool:
    """Return whether dates like 3/4/24 have the day first, as shown by any date that cannot be month first."""
    matches = [match for text in dates if (match := _NUMERIC_DATE.match(text.strip())) and len(match[1]) < 3]
    return any(int(match[1]) > 12 for match in matches)


def year_of(text: object) -> int | None:
    """Return a year, also from a date; None if there is none."""
    match = re.match(r"(?:18|19|20)\d\d(?!\d)", str(text or "").strip())
    return int(match[0]) if match else None


def stars(text: object, best: int = 10) -> float | None:
    """Convert a rating on a scale to ``best`` to half to five stars; None if missing or out of range."""
    try:
        value = float(str(text).replace(",", "."))
    except ValueError:
        return None
    if not math.isfinite(value) or not 0 < value <= best:
        return None
    return min(5.0, max(0.5, round(value * 10 / best) / 2))


def ids_of(ids: object) -> tuple[str, ...]:
    """Convert ``{"tmdb": 949, "imdb": "tt0113277"}`` to ids for look-ups."""
    by_service = ids if isinstance(ids, dict) else {}
    tmdb, imdb = str(by_service.get("tmdb") or ""), str(by_service.get("imdb") or "")
    tmdb = f"tmdb:{tmdb}" if tmdb.isascii() and tmdb.isdigit() and len(tmdb) <= 10 else ""
    return tuple(each for each in (tmdb, imdb if IMDB_ID.fullmatch(imdb) else "") if each)


def ids_in(*texts: str) -> tuple[str, ...]:
    """Return the ids in addresses such as "imdb://tt0113277" and "tmdb://949"."""
    joined = " ".join(texts)
    tmdb = [f"tmdb:{number}" for number in _TMDB.findall(joined)]
    return tuple(dict.fromkeys([*tmdb, *(match[0] for match in IMDB_ID.finditer(joined))]))


def _epoch_ms(instant: datetime) -> int | None:
    return int(instant.timestamp() * 1_000) if instant.year >= 1900 and instant.timestamp() > 0 else None


def seconds_of(text: str) -> float | None:
    """Parse a number of seconds; None for anything else."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
