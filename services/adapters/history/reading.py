"""Reading an export whose service is recognised by its columns."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from services.adapters.file_kinds import binary_kind, text_kind
from services.adapters.history import lists, plain, players
from services.adapters.history.archive import Files, files_of, refused
from services.adapters.history.collected import Collected
from services.adapters.history.tables import MAX_ROWS, header_of, json_of, moment, rows_of, text_of
from services.recommender.domain.imported_history import ImportedHistory

KNOWN = (
    "Letterboxd, IMDb, Trakt, Simkl, Netflix, Jellyfin (Playback Reporting), Tautulli, and any table with titles or "
    "ids of films and stars, a day or a status"
)

_SHOWN, _MOST_NAMED = 80, 20
_LIST_EXPORT = "Letterboxd list export"
_LINE_END = re.compile(r"[\r\n]")
_LONG = 100
"""A first line longer than any header."""


def read_history(name: str, content: bytes, account: str | None = None) -> ImportedHistory:
    """Parse an export. ``account``: the one to import if it has several.

    Raises InvalidRequest for an unreadable or unknown file, and for several people if none is named.
    """
    return read_files(files_of(name, content), account)


def read_files(files: Files, account: str | None = None) -> ImportedHistory:
    """Parse the files of an export, as :func:`read_history` does. Raises InvalidRequest."""
    into, sources = Collected(account), dict[str, None]()
    for path, data in files:
        text = text_of(data)
        # Among several files, a table of no known service is about something else.
        source = _read(path, text, into) or (_plain(path, text, into) if len(files) == 1 else None)
        if source is not None:
            sources[source] = None
        if len(into.rows) > MAX_ROWS:
            raise refused(f"the export has more than {MAX_ROWS:,} rows; send its files one by one")
    if not sources:
        raise refused(_unknown(files))
    if account is None and len(into.accounts) > 1:
        raise refused(f"the export has several people, name one by the option account: {_named(into.accounts)}")
    if account is not None and account.casefold() not in {each.casefold() for each in into.accounts}:
        raise refused(f"the export has no account {account!r}; it has {_named(into.accounts) or 'no names'}")
    return ImportedHistory(
        " and ".join(sources), tuple(into.rows), {why: count for why, count in into.skipped.items() if count}
    )


def _unknown(files: Files) -> str:
    """Return a description of files that are not an export, with advice."""
    names = ", ".join(name for name, _ in files[:5]) or "no CSV or JSON file"
    if len(files) == 1:
        [(name, data)] = files
        text = text_of(data)
        if kind := binary_kind(data) or text_kind(text):
            return f"{name} is {kind}"
        first_line = _LINE_END.split(text.strip(), maxsplit=1)[0]
        if first_line.startswith(_LIST_EXPORT):
            return f"{name} is a list of Letterboxd's, about anything: send ratings.csv or the whole export"
        names += f", which begins with {first_line.strip()[:_SHOWN]!r}"
        if len(first_line) > _LONG and first_line[:1] not in "{[":
            names += " and has no line ends: curl keeps them with --data-binary"
    return f"not a known export ({names}); known are {KNOWN}"


def _named(accounts: Collection[str]) -> str:
    return ", ".join(sorted(accounts)[:_MOST_NAMED]) + (" ..." if len(accounts) > _MOST_NAMED else "")


def _read(name: str, text: str, into: Collected) -> str | None:
    """Read a file; return the service it comes from, None if unknown."""
    if text.lstrip()[:1] in ("{", "["):
        return _document(name, json_of(name, text), into)
    cells = header_of(text).names
    if len(cells) == len(players.JELLYFIN_COLUMNS) and moment(cells[0][:19]) is not None:
        players.jellyfin(name, text, into, headings=False)
        return "Jellyfin"
    columns = frozenset(cells)
    for required, source, reader in _TABLES:
        # Netflix's short history has exactly these columns; a table with more of them is something else.
        if required <= columns and (required != players.NETFLIX or required == columns):
            reader(name, text, into)
            return source
    return None


def _plain(name: str, text: str, into: Collected) -> str | None:
    """Read a table of films that is from no known service; None if it is not one."""
    if text.lstrip()[:1] in ("{", "["):
        entries = _entries(json_of(name, text))
        rows: list[tuple[int, Mapping[str, Any]]] = [(at, entry) for at, entry in enumerate(entries, 1)]
    else:
        rows = list(rows_of(name, text))
    columns = plain.columns_of(dict.fromkeys(key for _, row in rows for key in row))
    if not columns:
        return None
    plain.plain(name, columns, rows, into)
    return plain.NAME


def _entries(document: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON document
    """Return the objects of a list, or of the only list in an object."""
    if isinstance(document, dict):
        inner_lists = [each for each in document.values() if isinstance(each, list)]
        document = inner_lists[0] if len(inner_lists) == 1 else None
    return [each for each in document if isinstance(each, dict)] if isinstance(document, list) else []


def _tautulli(name: str, text: str, into: Collected) -> None:
    players.tautulli(name, rows_of(name, text), into)


def _jellyfin(name: str, text: str, into: Collected) -> None:
    players.jellyfin(name, text, into, headings=True)


# More specific columns first.
_TABLES: tuple[tuple[frozenset[str], str, Callable[[str, str, Collected], None]], ...] = (
    (lists.LETTERBOXD, "Letterboxd", lists.letterboxd),
    (lists.IMDB, "IMDb", lists.imdb),
    (players.TAUTULLI, "Tautulli", _tautulli),
    (players.JELLYFIN, "Jellyfin", _jellyfin),
    (players.NETFLIX_FULL, "Netflix", players.netflix),
    (players.NETFLIX, "Netflix", players.netflix),
)


def _document(name: str, document: Any, into: Collected) -> str | None:  # noqa: ANN401 - any JSON document
    for key in ("response", "data", "data"):
        if isinstance(document, dict) and key in document:
            document = document[key]
    if lists.is_simkl(document):
        lists.simkl(name, document, into)
        return "Simkl"
    entries = _entries(document)
    if len(entries) > MAX_ROWS:
        raise refused(f"{name} has more than {MAX_ROWS:,} entries; send it in parts")
    if any("media_type" in each for each in entries):
        players.tautulli(name, enumerate(entries, 1), into)
        return "Tautulli"
    if any("movie" in each for each in entries):
        lists.trakt(name, entries, into)
        return "Trakt"
    return None
