"""Read JSON, plain or gzip: one object per line, or one document with a list in it."""

import ast
import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from data_jobs.readers.files import require
from data_jobs.report import Report

MAX_DOCUMENT = 512 * 2**20
"""A list is read as a whole; a longer one must be given as lines."""
_HEAD = 1 << 16
_WRAPPERS = (
    "results",
    "items",
    "parts",
    "movies",
    "films",
    "data",
    "entries",
    "docs",
    "records",
    "catalogue",
    "search",
    "hits",
    "edges",
    "nodes",
    "bindings",
    "@graph",
    "rows",
    "value",
)
_OUTER = ("result", "response", "data", "results", "body", "mediacontainer", "hits")
"""Names of objects around an object with a list in it."""
_MOST_WRAPPERS = 3
_ENVELOPE = frozenset(
    {"page", "total", "count", "size", "limit", "offset", "start", "next", "previous", "version", "status", "success",
     "message", "id", "jsonrpc", "response", "total_pages", "total_results", "totalresults", "totalpages",
     "totalrecordcount", "startindex", "took", "timed_out", "generated", "updated", "schema", "@context",
     "@odata.context", "@odata.nextlink", "@odata.count"}
)  # fmt: skip
"""Fields next to a list in a service's response, which no record of a film or an event has."""
_AROUND = ("_source", "node", "attributes", "Item", "properties")
"""Fields that hold the record itself: in search engines, GraphQL, JSON:API, DynamoDB, and of an event."""
_ITEMS = ("items", "products", "line_items", "lineItems")
"""Lists of the items that one event is about."""
_OF_EVENTS = frozenset(
    {"event", "event_name", "event_type", "userId", "user_id", "user_pseudo_id", "customer_id", "email"}
)
_TITLES = frozenset({"title", "name", "Title", "Name"})
_TYPES = frozenset({"S", "N", "BOOL", "L", "M", "SS", "NS", "NULL"})
"""Types of values in DynamoDB's JSON."""
_LONGEST_LITERAL = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Numbered = tuple[int, dict[str, Any]]


def read_json_lines(path: Path, report: Report) -> Iterator[Numbered]:
    """Yield line number and object of each line of a JSONL file, plain or gzip (detected by its bytes).

    A JSON array, an object with a list of films in it ({"results": [...]}), a table by columns as pandas writes it, or
    objects spanning several lines are read as well: the number is then that of the record. Blank lines are skipped; a
    line that is not an object is reported and left out. Raises DataError for a missing or empty file, a broken gzip or
    document, or a file without any valid line.
    """
    require(path, report)
    valid = 0
    try:
        records = _document(path, report) if is_document(_head(path)) else _lines(path, report)
        for number, record in records:
            for inner in unwrapped(record):
                valid += 1
                yield number, inner
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        report.fail("unreadable-file", path.name, f"a complete gzip file: {error}; copy or download it again")
    if not valid:
        report.fail("empty-file", path.name, f"one JSON object a line in {path}")


def unwrapped(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects that a record wraps, in a list or by their ids, or the rows of a table; otherwise the record.
    An event with a list of items is returned once per item.
    """
    return [row for each in _listed(_bare(record), 0) for row in _spread(_bare(each))]


def _bare(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without its wrapper and with plain values."""
    for name in _AROUND:
        if isinstance(inner := record.get(name), dict) and _TITLES.isdisjoint(record):
            outer_id = record.get("id", record.get("_id"))
            is_event = not _OF_EVENTS.isdisjoint(record)
            facts = {key: value for key, value in record.items() if key != name} if is_event else {}
            record = {**facts, **({} if outer_id is None else {"id": outer_id}), **inner}
    if all(isinstance(value, dict) for value in record.values()):
        return {name: _plain(value) for name, value in record.items()}
    return record


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without the type that DynamoDB or SPARQL writes with it."""
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (kind := next(iter(value))) in _TYPES:
        inner = value[kind]
        if kind in ("M", "L"):
            return (
                {key: _plain(each) for key, each in inner.items()} if kind == "M" else [_plain(each) for each in inner]
            )
        return None if kind == "NULL" else inner
    return value["value"] if {"type", "value"} <= value.keys() and isinstance(value["value"], str) else value


def _spread(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an event once for each of the items it is about."""
    for name in _ITEMS:
        if not _OF_EVENTS.isdisjoint(record) and _are_objects(record.get(name)):
            facts = {key: value for key, value in record.items() if key != name}
            return [{**facts, **each} for each in record[name]]
    return [record]


def _listed(record: dict[str, Any], depth: int) -> list[dict[str, Any]]:
    """Return the objects that a record wraps, or the record. ``depth``: the number of wrappers removed so far."""
    nested = {name.lower(): value for name, value in record.items() if isinstance(value, list | dict)}
    if not nested or not _OF_EVENTS.isdisjoint(record):
        return [record]
    lists = {name: value for name, value in nested.items() if _are_objects(value)}
    if wrapper := next((name for name in _WRAPPERS if name in lists), None):
        return list(lists[wrapper])
    if isinstance(nested.get("columns"), list) and isinstance(nested.get("data"), list):
        names = [str(name) for name in nested["columns"]]
        return [dict(zip(names, row, strict=False)) for row in nested["data"] if isinstance(row, list)]
    if len(nested) == len(record) and all(isinstance(value, dict) for value in nested.values()):
        rows = _rows_of(record, depth)
        if rows != [record]:
            return rows
    if {name.lower() for name in record} - nested.keys() <= _ENVELOPE:
        return _inside(record, nested, lists, depth)
    return [record]


def _inside(record: dict[str, Any], nested: dict[str, Any], lists: dict[str, Any], depth: int) -> list[dict[str, Any]]:
    """Return the content of a service's response: an object in it, or its only list."""
    for name in _OUTER:
        if depth < _MOST_WRAPPERS and isinstance(inner := nested.get(name), dict):
            return _listed(inner, depth + 1)
    # A film's own list, such as its keywords, comes with the film's id.
    if len(lists) == len(nested) == 1 and "id" not in record:
        return list(next(iter(lists.values())))
    return [record]


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _rows_of(record: dict[str, Any], depth: int) -> list[dict[str, Any]]:
    """Return the rows of a table by columns, {"title": {"0": ...}}, or of objects by id, {"tt0113277": {...}}; else the
    record.
    """
    columns = list(record.values())
    rows = list(columns[0])
    if rows and all(name.isdecimal() for name in rows) and all(list(column) == rows for column in columns):
        return [{name: column[row] for name, column in record.items()} for row in rows]
    if len(record) == 1:
        ((name, inner),) = record.items()
        is_wrapper = name.lower() in (*_OUTER, *_WRAPPERS) and depth < _MOST_WRAPPERS
        return _listed(inner, depth + 1) if is_wrapper else [record]
    if not all(any(map(str.isdecimal, name)) for name in record):
        return [record]
    counted = all(name == str(at) for at, name in enumerate(record))
    return [dict(value) if counted else {"id": name, **value} for name, value in record.items()]


def parsed(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of JSON, or of a Python literal, which some data sets have instead; None for neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if "'" not in text or len(text) > _LONGEST_LITERAL:
        return None
    try:
        return json.loads(json.dumps(ast.literal_eval(text.strip())))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def is_document(head: str) -> bool:
    """Return whether a file that begins like this is one JSON document rather than one object per line."""
    text = head.lstrip("\ufeff \t\r\n")
    if text.startswith("["):
        return True
    first, _, rest = text.partition("\n")
    if not text.startswith("{") or parsed(first) is not None:
        return False
    return not rest.lstrip().startswith("{")


def _head(path: Path) -> str:
    with _open_lines(path) as file:
        raw = file.read(_HEAD)
    return raw.decode("utf-16", "ignore") if raw[:2] in _UTF16 else raw.decode("utf-8", "replace")


def _document(path: Path, report: Report) -> Iterator[Numbered]:
    """Yield the objects of a document, or of several consecutive ones, counted from 1."""
    with _open_lines(path) as file:
        raw = file.read(MAX_DOCUMENT + 1)
    if len(raw) > MAX_DOCUMENT:
        report.fail("unreadable-file", path.name, f"JSON lines: a list of more than {MAX_DOCUMENT:,} bytes is not read")
    text = _decoded(raw, path.name, report)
    decoder, at, number = json.JSONDecoder(), 0, 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, getattr(error, "pos", at)) + 1
            report.fail("unreadable-file", path.name, f"a complete JSON document: {error}", value=f"line {line}")
        for record in value if isinstance(value, list) else [value]:
            number += 1
            report.rows[path.name] += 1
            if isinstance(record, dict):
                yield number, record
            else:
                report.add("malformed-json", path.name, line=number, value=record, expected="a list of objects")
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1


def _decoded(raw: bytes, name: str, report: Report) -> str:
    if raw[:2] in _UTF16:
        report.add("utf-16", name)
        return raw.decode("utf-16", "replace").strip()
    if raw.startswith(codecs.BOM_UTF8):
        report.add("bom", name)
    text, is_utf8 = _text(raw.removeprefix(codecs.BOM_UTF8))
    if not is_utf8:
        report.add("latin-1", name)
    return text.strip()


def _lines(path: Path, report: Report) -> Iterator[Numbered]:
    """Yield the object of each line."""
    latin = False
    with _open_lines(path) as file:
        if file.peek(2)[:2] in _UTF16:  # type: ignore[attr-defined]
            report.add("utf-16", path.name)
            file = cast("IO[bytes]", codecs.EncodedFile(file, "utf-8", "utf-16"))
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
                yield number, record


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
    record = parsed(text)
    if isinstance(record, dict):
        return record
    report.add("malformed-json", file, line=number, value=text.strip(), expected="one JSON object a line")
    return None
