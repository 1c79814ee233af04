"""What the contract suite is run with: stores to make, a clock to set, events to send.

Another store joins the suite by one line in the fixture ``make``.
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
from services.adapters.state.sqlite.connection import Database
from services.adapters.state.sqlite.keys import SqliteKeys
from services.adapters.state.sqlite.quota import SqliteQuota
from services.adapters.state.sqlite.sentences import SqliteSentences
from services.adapters.state.sqlite.state import SqliteState
from services.recommender.domain.events import Event, EventKind
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
# Far ahead, so that the server itself deletes nothing as expired.
NOON_MS = 4_000_000_000_000
THREADS = 16


class FakeClock(Clock):
    """A clock that goes when told to."""

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
    """Moves on whenever it is asked."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self._step_s = step_s

    def monotonic(self) -> float:
        self.tick(self._step_s)
        return super().monotonic()


def passing(looks: int, step_s: float = 60.0) -> Deadline:
    """A deadline that is over after so many looks at it, on a slow machine as on a fast one; a minute a look leaves
    each attempt before that more time than it needs.
    """
    return Deadline.within(PassingClock(step_s), looks * step_s)


@dataclass(frozen=True)
class Store(Generic[C]):
    """A state store, and what else is kept in its file or tables; ``tables`` for one in DynamoDB."""

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
        found = self.state.read(user_id, None, self.deadline())[0]
        assert found is not None, "whoever is asked for has one, be it empty"
        return found

    def revision(self, user_id: str = "ann") -> str:
        return self.profile(user_id).revision

    def cached(self, key: CacheKey, user_id: str | None = "ann") -> CacheEntry | None:
        return self.state.read(user_id, key, self.deadline())[1]

    def log_of(self, user_id: str) -> list[LoggedEvent]:
        return [line for line in self.state.log() if line.user_id == user_id]


def sqlite(folder: Path, clock: C) -> Store[C]:
    database = Database(folder / "state.db", clock)
    return Store(SqliteState(database), SqliteKeys(database), SqliteQuota(database), SqliteSentences(database), clock)


def dynamodb(url: str, folder: Path, clock: C) -> Store[C]:
    """Three tables of its own on a running server."""
    connection = DynamoLocation(new_tables(), endpoint=url, timeout_s=PATIENCE_S)
    create_tables(connection)
    return dynamodb_at(connection, clock)


def dynamodb_at(connection: DynamoLocation, clock: C, units: ConsumedUnits | None = None) -> Store[C]:
    """Another server of the same tables."""
    tables = DynamoStore(connection, clock, units)
    return Store(DynamoState(tables), DynamoKeys(tables), DynamoQuota(tables), DynamoSentences(tables), clock, tables)


def new_tables() -> Tables:
    """Names that nobody has."""
    run = secrets.token_hex(6)
    return Tables(f"{run}-users", f"{run}-events", f"{run}-rec-cache")


Make = Callable[[Path, FakeClock], Store[FakeClock]]
"""Makes an empty store that reads a clock; the folder is for those that need one."""


def did(film: str = "heat", kind: EventKind = EventKind.LIKE, ts_ms: int = NOON_MS, value: float = 1.0) -> Event:
    return Event(film, kind, value, ts_ms)


def send(
    event: Event, user_id: str = "ann", key: str | None = None, body: str | None = None, via: str | None = None
) -> FeedbackCommand:
    idempotency = None if key is None else Idempotency("k1 POST /feedback", key, body or repr(event))
    return FeedbackCommand(user_id, event, via, idempotency)


def line(event: Event, event_id: str, user_id: str = "ann") -> LoggedEvent:
    return LoggedEvent(event_id, user_id, event)


def stored(results: Results) -> list[Receipt]:
    """The results, all of which must be receipts."""
    receipts = [result for result in results if isinstance(result, Receipt)]
    assert len(receipts) == len(results), results
    return receipts


def in_threads(work: Callable[[int], T], count: int = THREADS) -> list[T]:
    """``work(number)`` in so many threads that all begin at once."""
    start = threading.Barrier(count, timeout=PATIENCE_S)

    def begin(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def flat(lists: list[list[T]]) -> list[T]:
    return list(itertools.chain.from_iterable(lists))
