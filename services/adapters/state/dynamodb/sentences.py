"""Model-written sentences, one cache table item each, and daily token counts; no personal data."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from services.adapters.foreign import translated
from services.adapters.state.days import DAY_KEPT_S
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.behind import Later, at_once
from services.adapters.state.dynamodb.dynamo_failures import Contended
from services.adapters.state.dynamodb.store import DynamoStore, Item
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline

SENTENCE_WAIT_S = 0.3
KEEPING_WAIT_S = 2.0
_SK = "sentence"
_BATCH = 100
_KEYS = "pk, said, expires_at"


class DynamoSentences:
    """``SentenceStore`` in the cache table."""

    def __init__(self, store: DynamoStore, later: Later = at_once) -> None:
        self._store = store
        self._later = later

    def find(self, keys: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """Implement the port with one BatchGetItem per hundred keys, at half the price of a consistent read."""
        table, sentences = self._store.tables.cache, {}
        share = self._share(deadline)
        try:
            with translated(StateUnavailable, "the data in DynamoDB"):
                for start in range(0, len(keys), _BATCH):
                    sentence_keys = [_key(key) for key in keys[start : start + _BATCH]]
                    request = {table: {"Keys": sentence_keys, "ProjectionExpression": _KEYS}}
                    for item in self._store.batch_get(request, share)[table]:
                        if items.is_live(item, self._store.now_s()):
                            sentences[item["pk"]["S"].partition("#")[2]] = item["said"]["S"]
        except (StateUnavailable, Contended):
            return {}
        return sentences

    def keep(self, sentences: Mapping[str, str], seconds: int) -> None:
        """Implement the port, usually after the response; one write unit per sentence."""
        until = items.number(self._store.now_s() + seconds)
        puts = [
            {"PutRequest": {"Item": {**_key(key), "said": items.text(sentence), "expires_at": until}}}
            for key, sentence in sentences.items()
        ]
        self._later(partial(self._write, puts))

    def _write(self, puts: Sequence[Mapping[str, object]]) -> None:
        with suppress(StateUnavailable, Contended):
            self._store.batch_write(self._store.tables.cache, puts, Deadline.within(self._store.clock, KEEPING_WAIT_S))

    @translated(StateUnavailable, "the data in DynamoDB")
    def reserve(self, day: str, tokens: int, limit: int, deadline: Deadline) -> int | None:
        """Implement the port with one conditional write. An attempt without a response may have counted: then too many
        tokens are counted, never too few."""
        if tokens > limit:
            return None
        try:
            response = self._store.call(
                "update_item",
                self._share(deadline),
                TableName=self._store.tables.cache,
                Key=_day_key(day),
                UpdateExpression="ADD n :tokens SET expires_at = :until",
                ConditionExpression="attribute_not_exists(pk) OR n <= :room",
                ExpressionAttributeValues={
                    ":tokens": items.number(tokens),
                    ":room": items.number(limit - tokens),
                    ":until": items.number(self._store.now_s() + DAY_KEPT_S),
                },
                ReturnValues="UPDATED_NEW",
            )
        except Contended:
            return None
        return int(response["Attributes"]["n"]["N"])

    @translated(StateUnavailable, "the data in DynamoDB")
    def give_back(self, day: str, tokens: int) -> None:
        """Implement the port, without retries: returning tokens twice would exceed the limit."""
        with suppress(Contended):
            self._store.call(
                "update_item",
                Deadline.within(self._store.clock, SENTENCE_WAIT_S),
                attempts=1,
                TableName=self._store.tables.cache,
                Key=_day_key(day),
                UpdateExpression="ADD n :less",
                ConditionExpression="n >= :tokens",
                ExpressionAttributeValues={":less": items.number(-tokens), ":tokens": items.number(tokens)},
            )

    def _share(self, deadline: Deadline) -> Deadline:
        return Deadline.within(deadline.clock, min(SENTENCE_WAIT_S, deadline.remaining()))


def _key(key: str) -> Item:
    return items.cache_key(f"say#{key}", _SK)


def _day_key(day: str) -> Item:
    return items.cache_key("tokens", day)
