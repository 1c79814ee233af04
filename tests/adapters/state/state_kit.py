"""Helpers of the contract suite: factories for stores, a clock to set, events to send.

Add another store to the suite by one line in the fixture ``make``.
"""

import itertools
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from services.adapters.state.dynamodb.consumed_units import ConsumedUnits
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables
from services.adapters.state.dynamodb.keys import DynamoKeys
from services.adapters.state.dynamodb.quota import DynamoQuota
from services.adapters.state.dynamodb.sentences import DynamoSentences
from services.adapters.state.dynamodb.state import DynamoState
from services.adapters.state.dynamodb.store import DynamoStore
from services.adapters.state.dynamodb.tables import create_tables
from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.keys import SqliteKeys
from services.adapters.state.sqlite.quota import SqliteQuota
from services.adapters.state.sqlite.sentences import SqliteSentences
from services.adapters.state.sqlite.state import SqliteState
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import Profile
from services.recommender.errors import MarqueeError
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Clock,
    Deadline,
    FeedbackCommand,
    Idempotency,
    KeyStore,
    LoggedEvent,
    QuotaPort,
    Receipt,
    SentenceStore,
    StatePort,
)
from tests.patience import PATIENCE_S

C = TypeVar("C", bound=Clock)
T = TypeVar("T")
Results = list[Receipt | MarqueeError]
# Far in the future, so that the server itself expires no items.
NOON_MS = 4_000_000_000_000
THREADS = 16


class FakeClock(Clock):
    """A clock that only moves when the test advances it."""

    def __init__(self, at_ms: int = NOON_MS) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic(self) -> float:
        # Small numbers, so that seconds stay exact.
        return (self.at_ms - NOON_MS) / 1_000

    def tick(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1_000)

    def now_s(self) -> int:
        return self.at_ms // 1_000


class PassingClock(FakeClock):
    """A clock that advances at every reading."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self._step_s = step_s

    def monotonic(self) -> float:
        self.tick(self._step_s)
        return super().monotonic()


def passing(looks: int, step_s: float = 60.0) -> Deadline:
    """A deadline that expires after ``looks`` readings of its clock, independent of the speed of the machine. At a
    minute per reading, each attempt before that has more time than it needs.
    """
    return Deadline.within(PassingClock(step_s), looks * step_s)


@dataclass(frozen=True)
class Store(Generic[C]):
    """A state store and the other ports that share its file or tables; ``tables`` for DynamoDB."""

    state: StatePort
    keys: KeyStore
    quota: QuotaPort
    sentences: SentenceStore
    clock: C
    tables: DynamoStore | None = None

    def deadline(self, seconds: float = PATIENCE_S) -> Deadline:
        return Deadline.within(self.clock, seconds)

    def record(self, *commands: FeedbackCommand) -> Results:
        return self.state.record(commands, self.deadline())

    def profile(self, user_id: str = "ann") -> Profile:
        profile = self.state.read(user_id, None, self.deadline())[0]
        assert profile is not None, "a read with a user id always returns a profile, possibly empty"
        return profile

    def revision(self, user_id: str = "ann") -> str:
        return self.profile(user_id).revision

    def cached(self, key: CacheKey, user_id: str | None = "ann") -> CacheEntry | None:
        return self.state.read(user_id, key, self.deadline())[1]

    def log_of(self, user_id: str) -> list[LoggedEvent]:
        return [logged_event for logged_event in self.state.log() if logged_event.user_id == user_id]


def sqlite(folder: Path, clock: C) -> Store[C]:
    database = Database(folder / "state.db", clock)
    return Store(SqliteState(database), SqliteKeys(database), SqliteQuota(database), SqliteSentences(database), clock)


def dynamodb(url: str, folder: Path, clock: C) -> Store[C]:
    """A store with three new tables on a running server."""
    connection = DynamoLocation(new_tables(), endpoint=url, timeout_s=PATIENCE_S)
    create_tables(connection)
    return dynamodb_at(connection, clock)


def dynamodb_at(connection: DynamoLocation, clock: C, units: ConsumedUnits | None = None) -> Store[C]:
    """A store on existing tables, as another process opens it."""
    tables = DynamoStore(connection, clock, units)
    return Store(DynamoState(tables), DynamoKeys(tables), DynamoQuota(tables), DynamoSentences(tables), clock, tables)


def new_tables() -> Tables:
    """Table names that no other test uses."""
    run = secrets.token_hex(6)
    return Tables(f"{run}-users", f"{run}-events", f"{run}-rec-cache")


Make = Callable[[Path, FakeClock], Store[FakeClock]]
"""Makes an empty store with this clock; the folder is for stores with a file."""


def did(film: str = "heat", kind: EventKind = EventKind.LIKE, ts_ms: int = NOON_MS, value: float = 1.0) -> Event:
    return Event(film, kind, value, ts_ms)


def send(
    event: Event, user_id: str = "ann", key: str | None = None, body: str | None = None, via: str | None = None
) -> FeedbackCommand:
    idempotency = None if key is None else Idempotency("k1 POST /feedback", key, body or repr(event))
    return FeedbackCommand(user_id, event, via, idempotency)


def logged(event: Event, event_id: str, user_id: str = "ann") -> LoggedEvent:
    return LoggedEvent(event_id, user_id, event)


def stored(results: Results) -> list[Receipt]:
    """The receipts; fails if a result is an error."""
    receipts = [result for result in results if isinstance(result, Receipt)]
    assert len(receipts) == len(results), results
    return receipts


def in_threads(work: Callable[[int], T], count: int = THREADS) -> list[T]:
    """Run ``work(number)`` in ``count`` threads that start at the same time."""
    start = threading.Barrier(count, timeout=PATIENCE_S)

    def begin(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def flat(lists: list[list[T]]) -> list[T]:
    return list(itertools.chain.from_iterable(lists))
