"""Event log, read lazily, so that a large log is never in memory at once."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from services.adapters.foreign import translated
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.store import BULK_ATTEMPT_S, DynamoStore, Item
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline, LoggedEvent

# Time a page may keep failing before a build gives up.
PAGE_PATIENCE_S = 60.0
_AFTER_ALL = "~"


class DynamoEventLog(Iterable[LoggedEvent]):
    """Yields one person at a time, in the order of the table's hash; each person's entries by time, then arrival.

    A failed page is retried from its own position for up to a minute. ``after``: start with the person after this one.
    Events stored meanwhile may or may not be included.
    """

    def __init__(self, store: DynamoStore, after: str | None = None) -> None:
        self._store = store
        # A scan continues after any key, existing or not: no sort key is greater than this one.
        last = {"user_id": items.text(after), "sk": items.text(_AFTER_ALL)} if after is not None else None
        self._start: dict[str, Any] = {} if last is None else {"ExclusiveStartKey": last}

    def __iter__(self) -> Iterator[LoggedEvent]:
        with translated(StateUnavailable, "the log in DynamoDB"):
            yield from self._logged_events()

    def _logged_events(self) -> Iterator[LoggedEvent]:
        # A scan returns a partition's items together, in the order of the sort key, which is by time.
        for _, event_items in groupby(self._items(), key=lambda item: item["user_id"]["S"]):
            yield from map(items.logged_event_of, sorted(event_items, key=items.arrival_of))

    def _items(self) -> Iterator[Item]:
        place = self._start
        while True:
            deadline = Deadline.within(self._store.clock, PAGE_PATIENCE_S)
            page = self._store.call(
                "scan",
                deadline,
                longest_s=BULK_ATTEMPT_S,
                TableName=self._store.tables.events,
                ConsistentRead=True,
                **place,
            )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            place = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
