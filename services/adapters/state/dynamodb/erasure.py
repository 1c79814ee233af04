"""Erasure of a person while feedback may still arrive."""

from typing import Any

from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.backoff import Backoff
from services.adapters.state.dynamodb.change import RECORD
from services.adapters.state.dynamodb.dynamo_failures import Contended
from services.adapters.state.dynamodb.person_reads import (
    find_answers,
    find_event_items,
    find_person,
    if_unchanged,
    revision_of,
)
from services.adapters.state.dynamodb.store import DynamoStore, Item
from services.recommender.domain.profile import mark_of
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline

# One partition holds all marks, so that a build can query them.
MARKS = "erased#"


def erase(store: DynamoStore, user_id: str, deadline: Deadline) -> bool:
    """Implement ``StatePort.erase``.

    The log is deleted first and the profile last, in one transaction with the mark, on condition that nothing was
    written since before the log was read: feedback in between restarts the erasure and is erased as well; feedback
    afterwards starts a new person. So no event is left half deleted. Cached responses are deleted after the profile,
    when none can be written any more. If interrupted, the profile still exists; erase again.
    """
    backoff = Backoff(deadline)
    existed = False
    while True:
        revision = revision_of(find_person(store, user_id, deadline))
        event_items = find_event_items(store, user_id, deadline)
        existed = existed or bool(revision or event_items)
        _delete_records(store, event_items, deadline)
        store.batch_write(store.tables.events, [_delete(item, "user_id", "sk") for item in event_items], deadline)
        try:
            _delete_person(store, user_id, revision, deadline)
        except Contended as error:
            if not backoff.wait():
                raise StateUnavailable(
                    "could not erase this person, because feedback kept arriving; send the request again"
                ) from error
        else:
            break
    answers = find_answers(store, user_id, deadline)
    store.batch_write(store.tables.cache, [_delete(answer, "pk", "sk") for answer in answers], deadline)
    return existed or any(items.is_live(answer, store.now_s()) for answer in answers)


def _delete_records(store: DynamoStore, event_items: list[Item], deadline: Deadline) -> None:
    """Delete the idempotency records written with these events, unless the key was reused since."""
    for item in event_items:
        if "idempotency" not in item:
            continue
        try:
            store.call(
                "delete_item",
                deadline,
                TableName=store.tables.cache,
                Key=items.cache_key(item["idempotency"]["S"], RECORD),
                ConditionExpression="event_id = :e",
                ExpressionAttributeValues={":e": items.text(items.event_id_of(item))},
            )
        except Contended:
            continue


def _delete_person(store: DynamoStore, user_id: str, revision: str, deadline: Deadline) -> None:
    """Replace the profile by the mark. Raises Contended."""
    person = {"TableName": store.tables.users, "Key": items.user_key(user_id)} | if_unchanged(revision)
    mark = items.cache_key(MARKS, mark_of(user_id)) | {"erased_at": items.number(store.clock.now_ms())}
    actions: list[Any] = [{"Delete": person}, {"Put": {"TableName": store.tables.cache, "Item": mark}}]
    store.call("transact_write_items", deadline, TransactItems=actions)


def _delete(item: Item, *key: str) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": {name: item[name] for name in key}}}
