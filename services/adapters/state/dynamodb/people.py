"""Reads of one person that more than one job needs, and the condition that tells whether somebody else wrote."""

from typing import Any

from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.store import BULK_ATTEMPT_S, DynamoStore, Item
from services.recommender.cache import owner
from services.recommender.ports import Deadline


def if_unchanged(revision: str) -> dict[str, Any]:
    """The condition that a person's item still has a revision; "" for a person who is not there."""
    if not revision:
        return {"ConditionExpression": "attribute_not_exists(user_id)"}
    values = {":r": items.text(revision)}
    return {"ConditionExpression": "revision = :r", "ExpressionAttributeValues": values}


def find_person(store: DynamoStore, user_id: str, deadline: Deadline) -> Item | None:
    """A person's item, strongly consistent."""
    key = items.user_key(user_id)
    found = store.call("get_item", deadline, TableName=store.tables.users, Key=key, ConsistentRead=True)
    return found.get("Item")


def revision_of(item: Item | None) -> str:
    """The revision of a person's item, "" for None; the rest of it may be damaged."""
    return "" if item is None else str(item["revision"]["S"])


def find_lines(store: DynamoStore, user_id: str, deadline: Deadline) -> list[Item]:
    """The items of a person's log by time, then arrival; strongly consistent."""
    found = store.query(
        deadline,
        longest_s=BULK_ATTEMPT_S,
        TableName=store.tables.events,
        ConsistentRead=True,
        KeyConditionExpression="user_id = :u",
        ExpressionAttributeValues={":u": items.text(user_id)},
    )
    return sorted(found, key=items.arrival_of)


def find_answers(store: DynamoStore, user_id: str, deadline: Deadline) -> list[Item]:
    """Keys and expiry of a person's cached answers, expired ones too."""
    found = store.query(
        deadline,
        TableName=store.tables.cache,
        ConsistentRead=True,
        KeyConditionExpression="pk = :p",
        ProjectionExpression="pk, sk, expires_at",
        ExpressionAttributeValues={":p": items.text(items.partition_of(f"rec#{owner(user_id)}"))},
    )
    return list(found)
