"""What the contract suite is run with: stores to make, a clock to set, events to send.

Another store joins the suite by one line in FACTORIES.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.adapters.state.connection import Database
from services.adapters.state.keys import SqliteKeys
from services.adapters.state.quota import SqliteQuota
from services.adapters.state.sqlite import SqliteState
from services.recommender.domain.events import Event, EventKind
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Deadline,
    FeedbackCommand,
    Idempotency,
    KeyStore,
    LoggedEvent,
    QuotaPort,
    Receipt,
    StatePort,
)

NOON_MS = 1_700_000_000_000


class FakeClock:
    """A clock that goes when told to."""

    def __init__(self, at_ms: int = NOON_MS) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic(self) -> float:
        return self.at_ms / 1_000

    def tick(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1_000)

    def now_s(self) -> int:
        return self.at_ms // 1_000


@dataclass(frozen=True)
class Store:
    state: StatePort
    keys: KeyStore
    quota: QuotaPort
    clock: FakeClock

    def deadline(self, seconds: float = 30.0) -> Deadline:
        return Deadline.within(self.clock, seconds)

    def record(self, *commands: FeedbackCommand) -> list:
        return self.state.record(commands, self.deadline())

    def profile(self, user_id: str = "ann"):
        return self.state.read(user_id, None, self.deadline()).profile

    def revision(self, user_id: str = "ann") -> str:
        return self.profile(user_id).revision

    def cached(self, key: CacheKey, user_id: str | None = "ann") -> CacheEntry | None:
        return self.state.read(user_id, key, self.deadline()).cached

    def log_of(self, user_id: str) -> list[LoggedEvent]:
        return [line for line in self.state.log() if line.user_id == user_id]


def sqlite(folder: Path, clock: FakeClock) -> Store:
    database = Database(folder / "state.db", clock)
    return Store(SqliteState(database), SqliteKeys(database), SqliteQuota(database), clock)


FACTORIES: dict[str, Callable[[Path, FakeClock], Store]] = {"sqlite": sqlite}


def did(film: str = "heat", kind: EventKind = EventKind.LIKE, ts_ms: int = NOON_MS, value: float = 1.0) -> Event:
    return Event(film, kind, value, ts_ms)


def send(
    event: Event, user_id: str = "ann", key: str | None = None, body: str | None = None, via: str | None = None
) -> FeedbackCommand:
    idempotency = None if key is None else Idempotency("k1 POST /feedback", key, body or repr(event))
    return FeedbackCommand(user_id, event, via, idempotency)


def line(event: Event, event_id: str, user_id: str = "ann") -> LoggedEvent:
    return LoggedEvent(event_id, user_id, event)


def stored(results: list) -> list[Receipt]:
    """The results, all of which must be receipts."""
    assert all(isinstance(result, Receipt) for result in results), results
    return results


class SystemClock:
    """The real one, for processes."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
