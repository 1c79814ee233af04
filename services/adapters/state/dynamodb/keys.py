"""API keys in DynamoDB: ids, scopes, limits. The secret is an HMAC of the id and is not stored."""

from services.adapters.foreign import translated
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.store import DynamoStore, Item
from services.recommender.errors import StateUnavailable
from services.recommender.ports import ApiKey, Deadline

# One partition holds all keys, so that listing is a query; servers cache keys.
KEYS = "key#"
KEYS_WAIT_S = 0.6


class DynamoKeys:
    """``KeyStore`` in the cache table."""

    def __init__(self, store: DynamoStore) -> None:
        self._store = store

    @translated(StateUnavailable, "the data in DynamoDB")
    def put(self, key: ApiKey) -> None:
        """Create or replace a key. Raises StateUnavailable."""
        self._store.call("put_item", self._deadline(), TableName=self._store.tables.cache, Item=_item_of(key))

    @translated(StateUnavailable, "the data in DynamoDB")
    def get(self, key_id: str) -> ApiKey | None:
        """Return the key, None if unknown. Raises StateUnavailable."""
        response = self._store.call(
            "get_item",
            self._deadline(),
            TableName=self._store.tables.cache,
            Key=items.cache_key(KEYS, key_id),
            ConsistentRead=True,
        )
        return _key_of(response["Item"]) if "Item" in response else None

    @translated(StateUnavailable, "the data in DynamoDB")
    def list(self) -> list[ApiKey]:
        """Return all keys, oldest first. Raises StateUnavailable."""
        key_items = self._store.query(
            self._deadline(),
            TableName=self._store.tables.cache,
            ConsistentRead=True,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": items.text(KEYS)},
        )
        return sorted(map(_key_of, key_items), key=lambda key: (key.created_at, key.key_id))

    def _deadline(self) -> Deadline:
        return Deadline.within(self._store.clock, KEYS_WAIT_S)


def _item_of(key: ApiKey) -> Item:
    return {
        **items.cache_key(KEYS, key.key_id),
        "name": items.text(key.name),
        "scopes": items.text(" ".join(sorted(key.scopes))),
        "max_requests": items.number(key.limit),
        "window_s": items.number(key.window_s),
        "revoked": {"BOOL": key.revoked},
        "created_at": items.number(key.created_at),
    }


def _key_of(item: Item) -> ApiKey:
    return ApiKey(
        item["sk"]["S"],
        item["name"]["S"],
        frozenset(item["scopes"]["S"].split()),
        int(item["max_requests"]["N"]),
        int(item["window_s"]["N"]),
        item["revoked"]["BOOL"],
        int(item["created_at"]["N"]),
    )
