"""The lock of a stage: one deployment, release or rollback at a time, with an owner and an expiry."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ID = "lock"
# Longer than an execution of the state machine may take (infra/release/release_states.py): none outlives its lock.
HOLD_S = 5 * 3_600


class Locked(Exception):
    """Another owner holds the lock; the message says who, for what and until when."""


class Lock:
    """An item of a DynamoDB table, written only if no other owner's is there or it has expired."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def take(self, owner: str, what: str) -> None:
        """Take the lock for ``HOLD_S``; its owner may take it again to extend it. Raises Locked."""
        now = int(self._clock())
        try:
            self._client.put_item(
                TableName=self._table,
                Item={"id": {"S": ID}, "owner": {"S": owner}, "what": {"S": what}, "until": {"N": str(now + HOLD_S)}},
                ConditionExpression="attribute_not_exists(id) OR #until <= :now OR #owner = :me",
                ExpressionAttributeNames={"#until": "until", "#owner": "owner"},
                ExpressionAttributeValues={":now": {"N": str(now)}, ":me": {"S": owner}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise Locked(_message(error.response)) from error

    def leave(self, owner: str) -> None:
        """Release the lock if this owner still holds it."""
        try:
            self._client.delete_item(
                TableName=self._table,
                Key={"id": {"S": ID}},
                ConditionExpression="#owner = :me",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":me": {"S": owner}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return


def _message(response: Any) -> str:  # noqa: ANN401 - botocore gives no type
    item = response.get("Item", {})
    owner, what = (item.get(name, {}).get("S", unknown) for name, unknown in (("owner", "someone"), ("what", "change")))
    until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(int(item.get("until", {}).get("N", "0"))))
    return f"{owner} holds the stage for a {what} until {until}; wait, or run `make unlock` if no one works on it"
