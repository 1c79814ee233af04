"""Load many documents: in chunks, with two threads, with retries while the engine is busy."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk

from data_jobs.indexing.documents import document
from data_jobs.report import Progress
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import MarqueeError

THREADS = 2
CHUNK_FILMS = 500
CHUNK_BYTES = 5_000_000
ROUNDS = 10
LONGEST_PAUSE_S = 30.0
STEP = "films loaded"
# The engine has not accepted the film, for now.
_BUSY: frozenset[int | str] = frozenset({403, 429, 503})
# Unknown whether it has: only a document with a custom id can be sent again without a duplicate.
_UNKNOWN: frozenset[int | str] = frozenset({"N/A", "TIMEOUT", 500, 502, 504})
_SHOWN = 10

Refused = dict[int, str]


class IndexingFailed(MarqueeError):
    """The index is not complete and must not be served; the message says what is wrong and what to do."""


class InDoubt(IndexingFailed):
    """A response was lost, and without custom ids it is unknown which films are there: only a new index helps."""


def load(
    client: OpenSearch,
    index: str,
    bundle: Bundle,
    custom_ids: bool,
    progress: Progress,
    sleep: Callable[[float], None],
) -> None:
    """Send every film. Films the engine was too busy for are retried for some minutes, with growing pauses.

    Raises IndexingFailed with the ids of refused films, InDoubt if a response was lost without custom ids.
    """
    films = len(bundle.catalogue)
    rows = list(range(films))
    refused: Refused = {}
    for attempt in range(ROUNDS):
        if attempt:
            pause_s = min(2.0**attempt, LONGEST_PAUSE_S)
            sleep(random.uniform(0.5, 1.0) * pause_s)  # noqa: S311 - spreads retries, guards nothing
        busy, lost, newly_refused = _send(client, index, bundle, rows, custom_ids, progress)
        refused |= newly_refused
        if lost and not custom_ids and not refused:
            raise InDoubt(_complaint(index, bundle, refused | lost))
        busy |= lost
        rows = sorted(busy)
        if not rows or refused:
            break
    refused |= {row: busy[row] for row in rows}
    if refused:
        raise IndexingFailed(_complaint(index, bundle, refused))


def _send(
    client: OpenSearch,
    index: str,
    bundle: Bundle,
    rows: list[int],
    custom_ids: bool,
    progress: Progress,
) -> tuple[Refused, Refused, Refused]:
    """Run one round and return the films that the engine was too busy for, those in doubt and those refused, with its
    messages.
    """
    films = len(bundle.catalogue)
    busy: Refused = {}
    lost: Refused = {}
    refused: Refused = {}
    loaded = films - len(rows)
    for row, (accepted, item) in zip(rows, _results(client, index, bundle, rows, custom_ids), strict=True):
        if accepted:
            loaded += 1
        else:
            outcome = next(iter(item.values()))
            status = outcome.get("status")
            reasons = busy if status in _BUSY else lost if status in _UNKNOWN else refused
            reasons[row] = f"{status} {outcome.get('error')}"
        if not loaded % CHUNK_FILMS or loaded == films:
            progress.advance(STEP, loaded, films)
    return busy, lost, refused


def _results(
    client: OpenSearch, index: str, bundle: Bundle, rows: Iterable[int], custom_ids: bool
) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Yield whether each film was accepted, and the engine's response, in row order."""
    actions = (_action(index, bundle, row, custom_ids) for row in rows)
    results: Iterator[tuple[bool, dict[str, Any]]] = parallel_bulk(
        client,
        actions,
        thread_count=THREADS,
        chunk_size=CHUNK_FILMS,
        max_chunk_bytes=CHUNK_BYTES,
        raise_on_exception=False,
        raise_on_error=False,
    )
    return results


def _action(index: str, bundle: Bundle, row: int, custom_ids: bool) -> dict[str, Any]:
    own = {"_id": str(row)} if custom_ids else {}
    return {"_op_type": "index", "_index": index, **own, "_source": document(bundle, row)}


def _complaint(index: str, bundle: Bundle, refused: Refused) -> str:
    shown = [
        f"{bundle.catalogue.item_ids[row]} ({why[:300]})" for row, why in itertools.islice(refused.items(), _SHOWN)
    ]
    more = f" and {len(refused) - _SHOWN:,} more" if len(refused) > _SHOWN else ""
    return (
        f"{index}: {len(refused):,} of {len(bundle.catalogue):,} films were refused: {', '.join(shown)}{more}; "
        "the next `marquee index` starts over"
    )
