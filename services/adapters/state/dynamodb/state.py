"""Profiles, event log and cached responses in DynamoDB."""

import zlib
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from services.adapters.foreign import translated
from services.adapters.state.arrival_ids import Arrivals
from services.adapters.state.dynamodb import bulk, erasure, items
from services.adapters.state.dynamodb.backoff import Backoff
from services.adapters.state.dynamodb.behind import Later, at_once
from services.adapters.state.dynamodb.dynamo_failures import Contended
from services.adapters.state.dynamodb.feedback import DynamoFeedback
from services.adapters.state.dynamodb.log import DynamoEventLog
from services.adapters.state.dynamodb.person_reads import find_answers, find_event_items, find_person, revision_of
from services.adapters.state.dynamodb.store import DynamoStore
from services.recommender.domain.profile import Profile
from services.recommender.errors import MarqueeError, StateUnavailable
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Deadline,
    FeedbackCommand,
    LoggedEvent,
    Receipt,
    UserExport,
)

# A read gets the time of two attempts, not the whole request's, as a response is due however slow the store is.
READ_ATTEMPTS = 2
WAIT_S = 10.0


class DynamoState:
    """``StatePort`` over three DynamoDB tables."""

    def __init__(self, store: DynamoStore, later: Later = at_once) -> None:
        self._store = store
        self._later = later
        self._arrivals = Arrivals(store.clock)
        self._feedback = DynamoFeedback(store, self._arrivals)

    @translated(StateUnavailable, "the data in DynamoDB")
    def read(
        self, user_id: str | None, cache_key: CacheKey | None, deadline: Deadline
    ) -> tuple[Profile | None, CacheEntry | None]:
        """Implement the port with one BatchGetItem. Raises StateUnavailable, also for a person whose item is
        damaged.
        """
        tables = self._store.tables
        keys: dict[str, Any] = {}
        if user_id is not None:
            keys[tables.users] = {
                "Keys": [items.user_key(user_id)],
                "ConsistentRead": True,
                "ProjectionExpression": items.PROFILE_PROJECTION,
                "ExpressionAttributeNames": items.PROFILE_NAMES,
            }
        if cache_key is not None:
            # Eventually consistent, at half the price: an entry of another revision is not used anyway.
            keys[tables.cache] = {"Keys": [items.answer_key(cache_key)]}
        items_by_table = self._store.batch_get(keys, self._share(deadline))
        profile = None if user_id is None else items.profile_of(user_id, items.first(items_by_table[tables.users]))
        return profile, self._live(items.first(items_by_table.get(tables.cache, [])), profile)

    def write_cache(self, key: CacheKey, entry: CacheEntry) -> None:
        """Implement the port with two write units and a read, instead of the eight of a transaction; never raises if
        the store is down.

        The person is checked *after* the write: an erasure deletes the profile first and cached responses last, so
        either it finds this one, or the check finds no person and the response is deleted. Only if the process ends in
        between, it remains until it expires.
        """
        if key.user_id is not None or not entry.revision:
            self._later(partial(self._write_answer, key, entry))

    def _write_answer(self, key: CacheKey, entry: CacheEntry) -> None:
        deadline = Deadline.within(self._store.clock, 2 * self._store.timeout_s)
        table = self._store.tables.cache
        try:
            self._store.call("put_item", deadline, attempts=1, TableName=table, Item=items.answer_item(key, entry))
        except (StateUnavailable, Contended):
            return  # the response is not cached; the next one is recomputed
        try:
            unchanged = key.user_id is None or self._revision(key.user_id, deadline) == entry.revision
        except (StateUnavailable, Contended):
            unchanged = False
        if not unchanged:
            self._take_back(key, entry)

    def _revision(self, user_id: str, deadline: Deadline) -> str:
        response = self._store.call(
            "get_item",
            deadline,
            attempts=1,
            TableName=self._store.tables.users,
            Key=items.user_key(user_id),
            ConsistentRead=True,
            ProjectionExpression="revision",
        )
        return revision_of(response.get("Item"))

    def _take_back(self, key: CacheKey, entry: CacheEntry) -> None:
        """Delete the response unless it was replaced."""
        with suppress(StateUnavailable, Contended):
            self._store.call(
                "delete_item",
                Deadline.within(self._store.clock, 2 * self._store.timeout_s),
                TableName=self._store.tables.cache,
                Key=items.answer_key(key),
                ConditionExpression="revision = :r",
                ExpressionAttributeValues={":r": items.text(entry.revision)},
            )

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> list[Receipt | MarqueeError]:
        """Implement the port; see ``feedback.DynamoFeedback``."""
        return self._feedback.record(commands, deadline)

    @translated(StateUnavailable, "the data in DynamoDB")
    def seed(self, events: Sequence[LoggedEvent], deadline: Deadline | None = None) -> int:
        """Implement the port; see ``bulk.seed``."""
        return bulk.seed(self._store, self._arrivals, events, deadline)

    def log(self, after: str | None = None) -> DynamoEventLog:
        """Return the whole log, one person at a time, read lazily."""
        return DynamoEventLog(self._store, after)

    @translated(StateUnavailable, "the data in DynamoDB")
    def erased(self) -> frozenset[str]:
        """Implement the port. Raises StateUnavailable."""
        marks = self._store.query(
            self._long_deadline(),
            TableName=self._store.tables.cache,
            ConsistentRead=True,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": items.text(erasure.MARKS)},
        )
        return frozenset(item["sk"]["S"] for item in marks)

    @translated(StateUnavailable, "the data in DynamoDB")
    def export(self, user_id: str) -> UserExport | None:
        """Implement the port, with profile and log of one point in time. Raises StateUnavailable."""
        if not user_id:
            return None
        deadline = self._long_deadline()
        backoff = Backoff(deadline)
        while True:
            person = find_person(self._store, user_id, deadline)
            event_items = find_event_items(self._store, user_id, deadline)
            if revision_of(find_person(self._store, user_id, deadline)) == revision_of(person):
                break
            if not backoff.wait():
                raise StateUnavailable(
                    "could not export this person, because feedback kept arriving; send the request again"
                )
        now_s = self._store.now_s()
        cached = sum(items.is_live(answer, now_s) for answer in find_answers(self._store, user_id, deadline))
        if not (person or event_items or cached):
            return None
        return UserExport(items.profile_of(user_id, person), tuple(map(items.logged_event_of, event_items)), cached)

    @translated(StateUnavailable, "the data in DynamoDB")
    def erase(self, user_id: str) -> bool:
        """Implement the port; see ``erasure.erase``. Works for a damaged item, too. Raises StateUnavailable."""
        return bool(user_id) and erasure.erase(self._store, user_id, self._long_deadline())

    @translated(StateUnavailable, "the data in DynamoDB")
    def ping(self, deadline: Deadline) -> None:
        """Implement the port by reading all three tables, so that a missing table is reported before it is needed."""
        tables = self._store.tables
        user_key = items.user_key("#")  # of no person
        keys = {
            tables.users: {"Keys": [user_key]},
            tables.events: {"Keys": [user_key | {"sk": items.text("#")}]},
            tables.cache: {"Keys": [items.cache_key("#", "#")]},
        }
        self._store.batch_get(keys, self._share(deadline))

    def close(self) -> None:
        """Finish pending writes and close the connections, which ``DynamoKeys`` and ``DynamoQuota`` share."""
        self._later.close()
        self._store.close()

    def _live(self, item: dict[str, Any] | None, profile: Profile | None) -> CacheEntry | None:
        """Return the cached response if it is current."""
        if item is None:
            return None
        try:
            entry = items.entry_of(item)
        except zlib.error:
            return None  # damaged; the response is recomputed
        return entry if entry.is_current(profile, self._store.now_s()) else None

    def _share(self, deadline: Deadline) -> Deadline:
        return Deadline.within(deadline.clock, min(deadline.remaining(), READ_ATTEMPTS * self._store.timeout_s))

    def _long_deadline(self) -> Deadline:
        return Deadline.within(self._store.clock, WAIT_S)
