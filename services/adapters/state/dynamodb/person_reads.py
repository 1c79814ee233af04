"""Shared reads of one person, and the condition that detects concurrent writes."""

from typing import Any

from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.store import BULK_ATTEMPT_S, DynamoStore, Item
from services.recommender.ports import Deadline


def if_unchanged(revision: str) -> dict[str, Any]:
    """Return the condition that a person's item still has a revision; "" for a person who does not exist."""
    if not revision:
        return {"ConditionExpression": "attribute_not_exists(user_id)"}
    values = {":r": items.text(revision)}
    return {"ConditionExpression": "revision = :r", "ExpressionAttributeValues": values}


def find_person(store: DynamoStore, user_id: str, deadline: Deadline) -> Item | None:
    """Return a person's item, strongly consistent."""
    key = items.user_key(user_id)
    response = store.call("get_item", deadline, TableName=store.tables.users, Key=key, ConsistentRead=True)
    return response.get("Item")


def revision_of(item: Item | None) -> str:
    """Return the revision of a person's item, "" for None; the rest may be damaged."""
    return "" if item is None else str(item["revision"]["S"])


def find_event_items(store: DynamoStore, user_id: str, deadline: Deadline) -> list[Item]:
    """Return the items of a person's log entries by time, then arrival; strongly consistent."""
    event_items = store.query(
        deadline,
        longest_s=BULK_ATTEMPT_S,
        TableName=store.tables.events,
        ConsistentRead=True,
        KeyConditionExpression="user_id = :u",
        ExpressionAttributeValues={":u": items.text(user_id)},
    )
    return sorted(event_items, key=items.arrival_of)


def find_answers(store: DynamoStore, user_id: str, deadline: Deadline) -> list[Item]:
    """Return keys and expiry of a person's cached responses, including expired ones."""
    answers = store.query(
        deadline,
        TableName=store.tables.cache,
        ConsistentRead=True,
        KeyConditionExpression="pk = :p",
        ProjectionExpression="pk, sk, expires_at",
        ExpressionAttributeValues={":p": items.text(items.answers_partition(user_id))},
    )
    return list(answers)
