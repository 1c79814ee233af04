"""List our indexes, and remove outdated ones."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError

from data_jobs.indexing.index_notes import read_note
from data_jobs.indexing.patience import Patience
from services.adapters.search.opensearch.index import IndexNote, made_here


@dataclass(frozen=True, slots=True)
class ListedIndex:
    """One of our indexes."""

    index: str
    note: IndexNote


def indexes(client: OpenSearch, patience: Patience) -> list[ListedIndex]:
    """Return all indexes that ``marquee index`` made under this target's name, oldest first. Raises
    SearchUnavailable.
    """
    target = patience.target
    mappings: dict[str, Any] = patience.call(lambda: client.indices.get_mapping(index=f"{target.index}-*"))
    notes = {
        name: patience.call(partial(read_note, client, name, mapping))
        for name, mapping in mappings.items()
        if made_here(mapping)
    }
    # "films-*" also matches indexes of another OPENSEARCH_INDEX, like "films-fr".
    ours = [ListedIndex(name, note) for name, note in notes.items() if note and name == target.index_name(note.bundle)]
    return sorted(ours, key=lambda listed: (listed.note.created_ms, listed.index))


def outdated(listed: Iterable[ListedIndex], served: Collection[str], keep: int) -> list[ListedIndex]:
    """Return the indexes that may be removed: all but those of bundles in ``served`` and the ``keep`` newest complete
    others.

    An incomplete one may be removed only if a served bundle's index is newer: else it may be loading right now.
    """
    oldest_first = sorted(listed, key=lambda each: each.note.created_ms)
    newest_served = max((each.note.created_ms for each in oldest_first if each.note.bundle in served), default=0)
    others = [each for each in oldest_first if each.note.bundle not in served]
    complete = [each for each in others if each.note.complete]
    needed = {each.index for each in complete[max(0, len(complete) - keep) :]}
    needed |= {each.index for each in others if not each.note.complete and each.note.created_ms >= newest_served}
    return [each for each in others if each.index not in needed]


def prune(client: OpenSearch, patience: Patience, served: Collection[str], keep: int) -> list[str]:
    """Remove outdated indexes and return their names. Raises SearchUnavailable."""
    removable = [each.index for each in outdated(indexes(client, patience), served, keep)]
    for index in removable:
        patience.call(partial(remove_index, client, index))
    return removable


def remove_index(client: OpenSearch, index: str) -> None:
    """Remove an index; a missing one is no error."""
    with suppress(NotFoundError):
        client.indices.delete(index=index)
