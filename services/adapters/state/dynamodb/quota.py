"""API key quotas in DynamoDB: one item per key, one conditional write per request."""

from typing import Any

from services.adapters.foreign import translated
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.backoff import Backoff
from services.adapters.state.dynamodb.dynamo_failures import Contended
from services.adapters.state.dynamodb.store import DynamoStore, Item
from services.recommender.errors import StateBusy, StateUnavailable
from services.recommender.ports import Deadline, Quota
from services.recommender.quota_window import COUNTED, SUB_BUCKETS, Window, admit

# Short, as the API counts locally meanwhile.
QUOTA_WAIT_S = 0.3
# Long after the counters expire by their own time, which is what counts.
_KEPT_S = 24 * 3_600
_SK = "window"
# Within a sub-bucket: if the sum has room, increment it and the newest counter.
_COUNT_UP = f"SET n = n + :one, counts[{SUB_BUCKETS}] = counts[{SUB_BUCKETS}] + :one"
_HAS_ROOM = "width_ms = :width AND latest = :latest AND n < :limit"


class DynamoQuota:
    """``QuotaPort`` in the cache table, exact over any number of servers.

    An attempt without a response may be counted twice: then one request too few is admitted, never one too many.
    """

    def __init__(self, store: DynamoStore) -> None:
        self._store = store

    @translated(StateUnavailable, "the data in DynamoDB")
    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        """Implement the port; a limit of 0 means none."""
        if limit <= 0:
            return Quota(True, 0, 0, 0)
        deadline = Deadline.within(self._store.clock, QUOTA_WAIT_S)
        width_ms = Window.width_of(window_s)
        latest = now_ms // width_ms
        backoff = Backoff(deadline)
        while True:
            try:
                return self._count_up(key_id, limit, Window(width_ms, latest), now_ms, deadline)
            except Contended as error:
                before = error.item  # full, or of an earlier sub-bucket
            window = _window_of(before, width_ms)
            after, quota = admit(window, limit, now_ms)
            if not quota.allowed:
                return quota
            if before is not None and after.latest == window.latest == int(before["latest"]["N"]):
                latest = after.latest  # another server's clock is slightly ahead: use its sub-bucket
                continue
            if self._replace(key_id, before, after, deadline):
                return quota
            if not backoff.wait():
                raise StateBusy(
                    f"the quota of key {key_id} is written by too many requests at once; send the request again"
                )

    def _count_up(self, key_id: str, limit: int, window: Window, now_ms: int, deadline: Deadline) -> Quota:
        """Count with a single write, the usual case. Raises Contended with the current item."""
        response = self._store.call(
            "update_item",
            deadline,
            TableName=self._store.tables.cache,
            Key=_key(key_id),
            UpdateExpression=_COUNT_UP,
            ConditionExpression=_HAS_ROOM,
            ExpressionAttributeValues={
                ":one": items.number(1),
                ":width": items.number(window.width_ms),
                ":latest": items.number(window.latest),
                ":limit": items.number(limit),
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return _window_of(response["Attributes"], window.width_ms).quota(True, limit, now_ms)

    def _replace(self, key_id: str, before: Item | None, after: Window, deadline: Deadline) -> bool:
        """Replace the counters at a rollover if they are unchanged. Return False if not."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before is not None:
            condition = {
                "ConditionExpression": "width_ms = :width AND latest = :latest AND counts = :counts",
                "ExpressionAttributeValues": {
                    ":width": before["width_ms"],
                    ":latest": before["latest"],
                    ":counts": before["counts"],
                },
            }
        item = {
            **_key(key_id),
            "width_ms": items.number(after.width_ms),
            "latest": items.number(after.latest),
            "counts": {"L": [items.number(count) for count in after.counts]},
            "n": items.number(sum(after.counts)),
            "expires_at": items.number((after.latest + COUNTED) * after.width_ms // 1_000 + _KEPT_S),
        }
        try:
            self._store.call("put_item", deadline, TableName=self._store.tables.cache, Item=item, **condition)
        except Contended:
            return False
        return True


def _key(key_id: str) -> Item:
    return items.cache_key(f"quota#{key_id}", _SK)


def _window_of(item: Item | None, width_ms: int) -> Window:
    """Return the counters of an item; empty for a window of another length."""
    if item is None or int(item["width_ms"]["N"]) != width_ms:
        return Window(width_ms)
    return Window(width_ms, int(item["latest"]["N"]), tuple(int(count["N"]) for count in item["counts"]["L"]))
