"""Storing feedback: a consistent read, the change, one transaction; retried if another writer was faster."""

import secrets
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from services.adapters.foreign import translated
from services.adapters.state.arrival_ids import Arrivals
from services.adapters.state.by_person import Receipts, in_order, record_by_person
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.backoff import Backoff
from services.adapters.state.dynamodb.change import RECORD, Change, record_partition
from services.adapters.state.dynamodb.dynamo_failures import Contended
from services.adapters.state.dynamodb.person_reads import if_unchanged
from services.adapters.state.dynamodb.store import DynamoStore, Item
from services.recommender.domain.history import DUPLICATE_WINDOW_MS
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline, FeedbackCommand, Receipt

# Maximum actions of TransactWriteItems; one of them is the profile.
ACTIONS = 100
_UNUSED_KEY = "attribute_not_exists(pk) OR expires_at <= :now"


class DynamoFeedback:
    """Implementation of ``StatePort.record``.

    A person's commands go into one transaction if they fit: 99 events, or 49 with idempotency keys. More are split in
    order; each part is stored atomically with its own receipts, so a part that failed is StateUnavailable in its places
    and can be sent again.
    """

    def __init__(self, store: DynamoStore, arrivals: Arrivals) -> None:
        self._store = store
        self._arrivals = arrivals

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> Receipts:
        """Implement the port."""
        return record_by_person(commands, lambda user_id, part: self._record_person(user_id, part, deadline))

    def _record_person(self, user_id: str, commands: list[FeedbackCommand], deadline: Deadline) -> Receipts:
        receipts: Receipts = []
        for part in _parts(commands):
            try:
                receipts += self._record_part(user_id, part, deadline)
            except StateUnavailable as error:
                return receipts + [error] * (len(commands) - len(receipts))
        return receipts

    @translated(StateUnavailable, "the data in DynamoDB")
    def _record_part(self, user_id: str, commands: list[FeedbackCommand], deadline: Deadline) -> Receipts:
        """Store all of the commands, or none."""
        backoff = Backoff(deadline)
        while True:
            change = self._change(user_id, commands, deadline)
            try:
                if change.event_items:
                    self._commit(change, deadline)
            except Contended as error:
                if not backoff.wait():
                    raise StateUnavailable(
                        "other writes to the same person or idempotency key kept coming first; send the request again"
                    ) from error
            else:
                return change.receipts

    def _change(self, user_id: str, commands: list[FeedbackCommand], deadline: Deadline) -> Change:
        """Return what the commands change for the person's current state."""
        item, used_keys = self._read(user_id, commands, deadline)
        change = Change(items.profile_of(user_id, item), self._store.clock.now_ms(), items.recent_of(item), used_keys)
        for original in commands:
            command = in_order(change.profile, original, change.now_ms)
            receipt = change.receipt_of_key(command)
            if receipt is None and command.idempotency is None and change.profile.history.is_duplicate(command.event):
                repeated = [*change.repeated(command), *self._repeated(command, deadline)]
                receipt = Receipt(max(repeated)[1], duplicate=True) if repeated else None
            change.receipts.append(receipt or change.append(command, self._arrivals.next()))
        return change

    def _read(
        self, user_id: str, commands: list[FeedbackCommand], deadline: Deadline
    ) -> tuple[Item | None, dict[str, Item]]:
        """Return the person's item and the idempotency records by partition, in one consistent round trip."""
        tables = self._store.tables
        keys: dict[str, Any] = {tables.users: {"Keys": [items.user_key(user_id)], "ConsistentRead": True}}
        if partitions := {record_partition(command.idempotency) for command in commands if command.idempotency}:
            record_keys = [items.cache_key(partition, RECORD) for partition in sorted(partitions)]
            keys[tables.cache] = {"Keys": record_keys, "ConsistentRead": True}
        items_by_table = self._store.batch_get(keys, deadline)
        records = items_by_table.get(tables.cache, [])
        live = {record["pk"]["S"]: record for record in records if items.is_live(record, self._store.now_s())}
        return items.first(items_by_table[tables.users]), live

    def _repeated(self, command: FeedbackCommand, deadline: Deadline) -> list[tuple[int, str]]:
        """Return time and id of the latest stored event that this one repeats, if any."""
        event = command.event
        matches = self._store.query(
            deadline,
            TableName=self._store.tables.events,
            ConsistentRead=True,
            ScanIndexForward=False,
            KeyConditionExpression="user_id = :u AND sk BETWEEN :from AND :to",
            FilterExpression="item_id = :i AND #e = :e AND #v = :v",
            ExpressionAttributeNames={"#e": "event", "#v": "value"},
            ExpressionAttributeValues={
                ":u": items.text(command.user_id),
                ":from": items.text(items.place_of(event.ts_ms - DUPLICATE_WINDOW_MS)),
                ":to": items.text(items.place_of(event.ts_ms + 1)),
                ":i": items.text(event.item_id),
                ":e": items.text(event.kind.label),
                ":v": items.number(event.value),
            },
        )
        return [(items.arrival_of(item)[0], items.event_id_of(item)) for item in islice(matches, 1)]

    def _commit(self, change: Change, deadline: Deadline) -> None:
        """Write everything. The token makes retrying a write without a response safe: it is applied once."""
        tables = self._store.tables
        profile = {"TableName": tables.users, "Item": items.profile_item(change.profile, change.recent, change.now_ms)}
        actions: list[Any] = [{"Put": profile | if_unchanged(change.profile.revision)}]
        actions += ({"Put": {"TableName": tables.events, "Item": item}} for item in change.event_items)
        unused = {
            "ConditionExpression": _UNUSED_KEY,
            "ExpressionAttributeValues": {":now": items.number(change.now_ms // 1_000)},
        }
        actions += ({"Put": {"TableName": tables.cache, "Item": item, **unused}} for item in change.record_items)
        token = secrets.token_hex(16)
        self._store.call("transact_write_items", deadline, TransactItems=actions, ClientRequestToken=token)


def _parts(commands: list[FeedbackCommand]) -> Iterator[list[FeedbackCommand]]:
    """Split the commands, in order, into parts of as many actions as fit next to the profile."""
    part: list[FeedbackCommand] = []
    room = ACTIONS - 1
    for command in commands:
        actions = 1 if command.idempotency is None else 2
        if actions > room:
            yield part
            part, room = [], ACTIONS - 1
        part.append(command)
        room -= actions
    yield part
