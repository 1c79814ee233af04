"""Read the panel's files: ``tastes.toml``, ``queries.toml``, ``similar.toml``, each with the quotas it must fill.

``fresh_tastes.toml`` etc., if present, have the entries of a part that were never used for tuning. ``statements.toml``
has the named statements.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from data_jobs.evaluate.panel.entries import (
    FIRST,
    LEAST,
    Entry,
    PanelFilm,
    PanelPart,
    PanelQuery,
    PanelRequest,
    PanelTaste,
    Want,
)
from data_jobs.evaluate.panel.facts import is_film
from data_jobs.evaluate.panel.predicate import Named, PanelError, Predicate, parse

FOLDER = Path(__file__).parent
FRESH = "fresh"
QUOTAS = ("kind", "decade", "language", "audience")
AUDIENCES = ("adults", "families", "children", "any")
KINDS = {
    PanelPart.TASTES: (
        *("director", "genre", "country", "language", "decade", "series", "studio", "star"),
        *("clash", "single", "child", "dislikes", "mixed"),
    ),
    PanelPart.QUERIES: (
        *("title", "series", "typo", "person", "place", "mood", "year", "runtime", "negation", "like"),
        *("genre", "plot", "translated", "nonsense"),
    ),
    PanelPart.SIMILAR: ("series", "maker", "theme", "tone", "family"),
}
_DECADE = re.compile(r"(?:19|20)\d0s|any")
_LANGUAGE = re.compile(r"[a-z]{2}|any")
_COMMON_KEYS = {"name", "kind", "decade", "language", "audience", "want", "never", "kept_apart"}
_PART_KEYS = {
    PanelPart.TASTES: {"liked", "disliked"},
    PanelPart.QUERIES: {"query", "written_in", "nothing"},
    PanelPart.SIMILAR: {"film"},
}


def read_panel(folder: Path = FOLDER) -> list[Entry]:
    """Return all entries in file order. Raises PanelError, which names file and entry; OSError for a missing file."""
    named = _statements(folder / "statements.toml")
    return [entry for part in PanelPart for entry in _part(part, folder, named)]


def _part(part: PanelPart, folder: Path, named: Named) -> list[Entry]:
    """Return the entries of a part, then its fresh ones."""
    entries, fresh = _read(part, folder / f"{part}.toml", named), folder / f"{FRESH}_{part}.toml"
    if fresh.exists():
        entries += [replace(entry, fresh=True, kept_apart=True) for entry in _read(part, fresh, named)]
        _check_names(fresh.name, entries)
    return entries


def _statements(path: Path) -> dict[str, Predicate]:
    """Return the statements by name; each may use those above it."""
    named: dict[str, Predicate] = {}
    for name, table in _document(path).items():
        try:
            named[name] = parse(table, named)
        except PanelError as error:
            raise PanelError(f"{path.name}, {name}: {error}") from error
    return named


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PanelError(f"{path.name}: not valid TOML: {error}") from error


def _read(part: PanelPart, path: Path, named: Named) -> list[Entry]:
    document = _document(path)
    tables = document.get("entry", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise PanelError(f"{path.name}: expected [[entry]] tables")
    entries = []
    for at, table in enumerate(tables, 1):
        name = table.get("name") or f"entry {at}"
        try:
            entries.append(_entry(part, table, named))
        except PanelError as error:
            raise PanelError(f"{path.name}, {name}: {error}") from error
    _check_names(path.name, entries)
    _check_quotas(path.name, entries, document.get("quota", {}))
    return entries


def _entry(part: PanelPart, table: Mapping[str, Any], named: Named) -> Entry:
    allowed = _COMMON_KEYS | _PART_KEYS[part]
    if unknown := sorted(set(table) - allowed):
        raise PanelError(f"unknown {', '.join(unknown)}; known are {', '.join(sorted(allowed))}")
    request, nothing = _request(part, table), bool(table.get("nothing", False))
    wants = tuple(_wants(table["want"], named)) if "want" in table else ()
    never = parse(table["never"], named) if "never" in table else None
    if nothing == bool(wants or never):
        raise PanelError("expected want or never, or else nothing = true")
    return Entry(
        part=part,
        name=_text(table, "name"),
        kind=_one_of(table, "kind", KINDS[part]),
        decade=_matching(table, "decade", _DECADE, '"1950s" or "any"'),
        language=_matching(table, "language", _LANGUAGE, '"fr" or "any"'),
        audience=_one_of(table, "audience", AUDIENCES),
        request=request,
        wants=wants,
        never=never,
        nothing=nothing,
        kept_apart=bool(table.get("kept_apart", False)),
    )


def _request(part: PanelPart, table: Mapping[str, Any]) -> PanelRequest:
    if part is PanelPart.QUERIES:
        return PanelQuery(_text(table, "query"), table.get("written_in", "en"))
    if part is PanelPart.SIMILAR:
        return PanelFilm(_films("film", [_text(table, "film")])[0])
    taste = PanelTaste(*(_films(name, table.get(name, ())) for name in ("liked", "disliked")))
    if not taste.films:
        raise PanelError("expected films: liked, disliked or both")
    return taste


def _wants(value: Any, named: Named) -> list[Want]:  # noqa: ANN401
    """Return the wants of a statement (7 of 10), or of a list of {least, first, where}."""
    if not isinstance(value, list):
        return [Want(parse(value, named))]
    wants = []
    for item in value:
        if not isinstance(item, dict) or set(item) - {"least", "first", "where"}:
            raise PanelError(f"want: expected {{least, first, where}}, found {item!r}")
        want = Want(parse(item.get("where"), named), item.get("least", LEAST), item.get("first", FIRST))
        if not 1 <= want.least <= want.first <= FIRST:
            raise PanelError(f"want: expected 1 <= least <= first <= {FIRST}, found {want.least} of {want.first}")
        wants.append(want)
    return wants


def _check_names(file: str, entries: Sequence[Entry]) -> None:
    for entry in entries:
        films = entry.request.films
        if len(set(films)) < len(films):
            raise PanelError(f"{file}, {entry.name}: a film is named twice")
    if repeated := [name for name, count in Counter(entry.name for entry in entries).items() if count > 1]:
        raise PanelError(f"{file}: more than one entry is named {', '.join(repeated)}")


def _check_quotas(file: str, entries: Sequence[Entry], quotas: Mapping[str, Mapping[str, int]]) -> None:
    """Check ``[quota.decade]`` etc.: the minimum number of entries of each value."""
    for name, least_of in quotas.items():
        if name not in QUOTAS:
            raise PanelError(f"{file}: unknown quota {name}; known are {', '.join(QUOTAS)}")
        counts = Counter(getattr(entry, name) for entry in entries)
        for value, least in least_of.items():
            if counts[value] < least:
                raise PanelError(f"{file}: {counts[value]} entries of {name} {value}; the quota is {least}")


def _films(key: str, names: Any) -> tuple[str, ...]:  # noqa: ANN401
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and is_film(name) for name in names):
        raise PanelError(f'{key}: expected a list of "Title (year)", found {names!r}')
    return tuple(names)


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise PanelError(f"{key}: expected text, found {value!r}")
    return value


def _one_of(table: Mapping[str, Any], key: str, allowed: Sequence[str]) -> str:
    value = _text(table, key)
    if value not in allowed:
        raise PanelError(f"{key}: expected one of {', '.join(allowed)}, found {value!r}")
    return value


def _matching(table: Mapping[str, Any], key: str, form: re.Pattern[str], expected: str) -> str:
    value = _text(table, key)
    if not form.fullmatch(value):
        raise PanelError(f"{key}: expected {expected}, found {value!r}")
    return value
