"""DynamoDB calls within a deadline: retries with pauses, a circuit breaker, unprocessed batch items, clear errors."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from services.adapters.aws import read_models
from services.adapters.bounded import within
from services.adapters.breaker import Breaker
from services.adapters.foreign import translated
from services.adapters.state.dynamodb.backoff import Backoff
from services.adapters.state.dynamodb.consumed_units import ConsumedUnits
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, LazyClient, Tables
from services.adapters.state.dynamodb.dynamo_failures import (
    MISSING_TABLE,
    Contended,
    advice,
    code_of,
    is_busy,
    is_contention,
    is_outage,
    is_transient,
)
from services.recommender.errors import StateBusy, StateUnavailable
from services.recommender.ports import Clock, Deadline

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

# Timeout of one attempt outside requests: a page of a scan, a batch of a bulk load.
BULK_ATTEMPT_S = 5.0
BATCH_WRITE_ITEMS = 25
_SHORTEST_ATTEMPT_S = 0.001

Item = dict[str, Any]


class DynamoStore:
    """Tables and client behind ``DynamoState``, ``DynamoKeys`` and ``DynamoQuota``. Thread-safe.

    ``units``: accumulates consumed capacity; None not to request it. ``connect`` False: the client, which needs
    credentials, is created by the first call. Raises StateUnavailable if no client can be created, e.g. without a
    region; the tables are first contacted by the first call.
    """

    def __init__(
        self, connection: DynamoLocation, clock: Clock, units: ConsumedUnits | None = None, *, connect: bool = True
    ) -> None:
        self.clock = clock
        self.tables: Tables = connection.tables
        self.timeout_s = connection.timeout_s
        self._place = connection.place
        self._units = units
        self._breaker = Breaker(clock)
        self._attempt = threading.local()
        self._closed = False
        self._client = LazyClient(connection, self._set_timeout)
        if connect:
            self._connected()
        else:
            read_models("dynamodb")

    def now_s(self) -> int:
        """Return epoch seconds."""
        return self.clock.now_ms() // 1_000

    def call(
        self, operation: str, deadline: Deadline, attempts: int = 0, longest_s: float | None = None, **params: object
    ) -> dict[str, Any]:
        """Return the response of a client method. Transient failures are retried until the deadline, or up to
        ``attempts`` times. One attempt takes at most ``longest_s`` (None: the connection's ``timeout_s``).

        Raises Contended if a condition failed, StateUnavailable for everything else.
        """
        if self._closed:
            raise StateUnavailable(f"{self._place} was closed; start the program again")
        if deadline.remaining() <= 0:
            raise StateUnavailable(f"no time left to call {self._place}; send the request again")
        permit = self._breaker.attempt()
        if permit is None:
            raise StateUnavailable(f"{self._place} failed repeatedly and is not called for some seconds")
        try:
            with translated(StateUnavailable, f"the response of {self._place}", BotoCoreError, ClientError):
                response = self._retried(operation, deadline, attempts, longest_s or self.timeout_s, params)
        except (BotoCoreError, ClientError) as error:
            if is_outage(error):
                permit.failed()
            else:
                permit.succeeded()
            if is_contention(error):
                raise Contended(getattr(error, "response", {}).get("Item")) from error
            raise self._unavailable(error) from error
        except Exception:
            permit.failed()
            raise
        if "RequestId" not in response["ResponseMetadata"]:
            # Something else on the way returned 200; the write would be lost.
            permit.failed()
            raise StateUnavailable(f"the response of {self._place} is not DynamoDB's; check DDB_ENDPOINT and proxies")
        permit.succeeded()
        if self._units is not None:
            self._units.add(operation, response)
        return response

    def query(self, deadline: Deadline, longest_s: float | None = None, **params: object) -> Iterator[Item]:
        """Yield the items of a query, page by page."""
        request: dict[str, Any] = dict(params)
        while True:
            page = self.call("query", deadline, longest_s=longest_s, **request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def batch_get(self, keys: Mapping[str, Any], deadline: Deadline) -> dict[str, list[Item]]:
        """Return items by table, unordered; ``keys`` as ``RequestItems``. Unprocessed keys are requested again."""
        items_by_table: dict[str, list[Item]] = {table: [] for table in keys}
        backoff = Backoff(deadline)
        while keys:
            response = self.call("batch_get_item", deadline, RequestItems=keys)
            for table, items in response["Responses"].items():
                items_by_table[table] += items
            keys = response.get("UnprocessedKeys") or {}
            if keys and not backoff.wait():
                raise self._left_over()
        return items_by_table

    def batch_write(self, table: str, writes: Sequence[Mapping[str, Any]], deadline: Deadline) -> None:
        """Put and delete any number of items, 25 per call; unprocessed ones are sent again."""
        for start in range(0, len(writes), BATCH_WRITE_ITEMS):
            rest: Mapping[str, Any] = {table: writes[start : start + BATCH_WRITE_ITEMS]}
            backoff = Backoff(deadline)
            while rest:
                response = self.call("batch_write_item", deadline, longest_s=BULK_ATTEMPT_S, RequestItems=rest)
                rest = response.get("UnprocessedItems") or {}
                if rest and not backoff.wait():
                    raise self._left_over()

    def close(self) -> None:
        """Close the connections; later calls raise StateUnavailable."""
        self._closed = True
        self._client.close()

    def _connected(self) -> "DynamoDBClient":
        """Return the client. Raises StateUnavailable."""
        try:
            return self._client.get()
        except BotoCoreError as error:
            raise StateUnavailable(f"cannot create a client for {self._place}: {error}; check AWS_REGION") from error

    def _retried(
        self, operation: str, deadline: Deadline, attempts: int, longest_s: float, params: dict[str, Any]
    ) -> dict[str, Any]:
        if self._units is not None:
            params = {**params, "ReturnConsumedCapacity": "TOTAL"}
        backoff = Backoff(deadline)
        for attempt in count(1):
            self._attempt.timeout_s = max(_SHORTEST_ATTEMPT_S, min(longest_s, deadline.remaining()))
            try:
                with within(self._attempt.timeout_s):
                    response: dict[str, Any] = getattr(self._connected(), operation)(**params)
            except (BotoCoreError, ClientError) as error:
                if not is_transient(error) or attempt == attempts or not backoff.wait():
                    raise
            else:
                return response
        raise AssertionError("unreachable")

    def _set_timeout(self, context: dict[str, Any], **_: object) -> None:
        """Set the request's timeout (botocore hook); timeouts are otherwise fixed per client."""
        context["read_timeout"] = self._attempt.timeout_s

    def _unavailable(self, error: Exception) -> StateUnavailable:
        if code_of(error) != MISSING_TABLE:
            # The message may name the account and the role, so it only goes to the log.
            _log.warning("%s %s (%s: %s)", self._place, advice(error), type(error).__name__, error)
            kind = StateBusy if is_busy(error) else StateUnavailable
            return kind(f"{self._place} {advice(error)}")
        names = ", ".join(self._missing()) or "a table"
        return StateUnavailable(
            f"{self._place} has no table {names}: create it with `marquee tables create`, or correct DDB_USERS_TABLE, "
            "DDB_EVENTS_TABLE and DDB_CACHE_TABLE"
        )

    def _missing(self) -> list[str]:
        """Return the missing tables, which errors of batches and transactions do not name."""
        missing = []
        for name in (self.tables.users, self.tables.events, self.tables.cache):
            try:
                self._connected().describe_table(TableName=name)
            except (BotoCoreError, ClientError) as error:
                if code_of(error) == MISSING_TABLE:
                    missing.append(name)
        return missing

    def _left_over(self) -> StateUnavailable:
        return StateBusy(f"{self._place} is throttling and left part of a batch unprocessed; send the request again")
