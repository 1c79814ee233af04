"""Which indexes there are, and which of them may go."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from services.adapters.search.opensearch.connection import described
from services.adapters.search.opensearch.index import IndexNote
from services.adapters.search.opensearch.target import Target
from services.recommender.errors import SearchUnavailable


@dataclass(frozen=True, slots=True)
class Found:
    """An index of ours."""

    index: str
    note: IndexNote


def indexes(client: OpenSearch, target: Target) -> list[Found]:
    """All indexes that ``marquee index`` made under this target's name, oldest first. Raises SearchUnavailable."""
    try:
        mappings = client.indices.get_mapping(index=f"{target.index}-*")
    except OpenSearchException as error:
        raise SearchUnavailable(f"{target.endpoint} failed: {described(error)}") from error
    notes = {name: IndexNote.read(mapping) for name, mapping in mappings.items()}
    # "films-*" also matches what belongs to another OPENSEARCH_INDEX, like "films-fr".
    ours = [Found(name, note) for name, note in notes.items() if note and name == target.index_name(note.bundle)]
    return sorted(ours, key=lambda found: (found.note.created_ms, found.index))


def outdated(found: Iterable[Found], served: Collection[str], keep: int) -> list[Found]:
    """What may be removed: all but the indexes of the bundles in ``served`` and the ``keep`` newest complete others.

    An incomplete one goes only if a served bundle's index is newer: else it may be loading right now.
    """
    oldest_first = sorted(found, key=lambda each: each.note.created_ms)
    newest_served = max((each.note.created_ms for each in oldest_first if each.note.bundle in served), default=0)
    others = [each for each in oldest_first if each.note.bundle not in served]
    complete = [each for each in others if each.note.complete]
    kept = {each.index for each in complete[max(0, len(complete) - keep) :]}
    kept |= {each.index for each in others if not each.note.complete and each.note.created_ms >= newest_served}
    return [each for each in others if each.index not in kept]


def prune(client: OpenSearch, target: Target, served: Collection[str], keep: int) -> list[str]:
    """Remove what is outdated; returns the names. Raises SearchUnavailable."""
    gone = [each.index for each in outdated(indexes(client, target), served, keep)]
    for index in gone:
        try:
            client.indices.delete(index=index)
        except OpenSearchException as error:
            raise SearchUnavailable(f"{target.endpoint} does not remove {index}: {described(error)}") from error
    return gone
