"""A person's history from another service on the command line: reading, storing and printing it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.console import table
from services.cli.open_services import open_services

if TYPE_CHECKING:
    from services.recommender.domain.imported_history import ImportedHistory

PATIENCE_S = 120.0


def read_export(path: Path, account: str | None) -> "ImportedHistory":
    """Read an export: a zip, the folder it was unpacked to, or one file. Raises InvalidRequest, OSError."""
    from services.adapters.history.archive import MAX_BYTES, files_in
    from services.adapters.history.reading import read_files, read_history

    if path.is_dir():
        return read_files(files_in(path), account)
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    return read_history(path.name, content, account)


def store_history(user: str, history: "ImportedHistory") -> dict[str, Any]:
    """Store a person's history; return the import's result with recommendations. Raises StateUnavailable."""
    from services.recommender.ports import Deadline

    with open_services() as services:
        deadline = Deadline.within(services.clock, PATIENCE_S)
        return services.recommender.import_history(user, history, deadline)


def imported_lines(document: dict[str, Any]) -> Iterator[str]:
    """Yield the import's result as lines of text."""
    events = ", ".join(f"{count:,} {kind}" for kind, count in document["events"].items()) or "nothing"
    source, rows, films = document["source"], document["rows"], document["films"]
    yield f"{source[:1].upper()}{source[1:]}: {_counted(rows, 'row')}, {_counted(films, 'film')} ({events})."
    yield f"Stored {_counted(document['stored'], 'event')}; {document['already_stored']:,} already stored."
    for why, count in document["skipped"].items():
        yield f"Skipped {_counted(count, 'row')}: {why}."
    for part, what in (("doubtful", "It may be one of several films"), ("unmatched", "Not in the catalogue")):
        if document[f"{part}_films"]:
            yield ""
            yield f"{what} ({document[f'{part}_films']:,}):"
        for row in document[part]:
            may_be = "; ".join(f"{each['title']} ({each['year']}) [{each['item_id']}]" for each in row["candidates"])
            shown = f"{row['title']} ({row['year']})" if row["year"] else row["title"]
            yield f"  {shown}, {row['place']}{f': {may_be}?' if may_be else ''}"
    yield ""
    yield from next_lines(document["recommendations"])


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def next_lines(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return recommendations as a table."""
    rows = [(each["item_id"], titled(each), "; ".join(each["reason"])) for each in items]
    return table(("id", "what to watch next", "why"), rows)


def titled(item: Mapping[str, Any]) -> str:
    """Return the title of a film with its year."""
    return f"{item['title']} ({item['year']})" if item.get("year") else str(item["title"])
