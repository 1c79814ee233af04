"""Read and write units of DynamoDB, from the sizes of the items that the state store keeps.

Source: Amazon DynamoDB developer guide, "DynamoDB item sizes and formats" and "DynamoDB read and write operations".
The items are those of ``services/adapters/state/dynamodb/items.py`` (docs/dynamodb.md).
"""

from dataclasses import dataclass
from math import ceil

from data_jobs.cost.workload import CACHED_BYTES, CACHED_EXPLAIN_BYTES
from services.recommender.domain.history import MAX_EVENTS

READ_UNIT, WRITE_UNIT = 4_096, 1_024
# An eventually consistent read costs half, a write in a transaction twice.
EVENTUAL, TRANSACTION = 0.5, 2
# Names and fixed values of an item, with ids of 8 characters; packed columns are added.
PROFILE_FIXED, EVENT_BYTES, ANSWER_FIXED = 290, 160, 130
HISTORY_BYTES, HASH_BYTES = 12, 5


@dataclass(frozen=True, slots=True)
class RequestUnits:
    """Request units of one call."""

    read: float = 0.0
    write: float = 0.0


def profile_bytes(events: int) -> int:
    """Return the size of a person's item with this many events on distinct films: the newest events, and a hash of
    every film.
    """
    return PROFILE_FIXED + HISTORY_BYTES * min(events, MAX_EVENTS) + HASH_BYTES * events


def answer_bytes(explained: bool) -> int:
    """Return the item size of a cached response of 20 films."""
    return ANSWER_FIXED + CACHED_BYTES + (CACHED_EXPLAIN_BYTES if explained else 0)


def cached(events: int, explained: bool) -> RequestUnits:
    """Return the units of a cached response: the profile (consistent) and the response (not)."""
    return RequestUnits(read=_reads(profile_bytes(events)) + EVENTUAL * _reads(answer_bytes(explained)))


def fresh(events: int) -> RequestUnits:
    """Return the units of a computed response: the profile."""
    return RequestUnits(_reads(profile_bytes(events)))


def stored(events: int, explained: bool) -> RequestUnits:
    """Return the additional units of caching a response: a failed lookup, the write, and another read of the profile
    for its revision.
    """
    return RequestUnits(EVENTUAL + _reads(profile_bytes(events)), _writes(answer_bytes(explained)))


def feedback(events: int) -> RequestUnits:
    """Return the units of an event without an ``Idempotency-Key``: the profile is read, then written together with the
    event.
    """
    profile = profile_bytes(events)
    return RequestUnits(_reads(profile), TRANSACTION * (_writes(profile) + _writes(EVENT_BYTES)))


def _reads(size: int) -> int:
    return ceil(size / READ_UNIT)


def _writes(size: int) -> int:
    return ceil(size / WRITE_UNIT)
