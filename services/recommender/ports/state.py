"""People, the event log and the answer cache."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.recommender.domain.events import Event
from services.recommender.domain.profile import Profile
from services.recommender.errors import MarqueeError
from services.recommender.ports.time import Deadline


@dataclass(frozen=True, slots=True)
class CacheKey:
    """``owner``: partition, "rec#{user}" or "rec#" for anonymous; ``entry``: sort key with the fingerprint."""

    owner: str
    entry: str


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A stored answer: valid only for the same profile ``revision`` and while ``expires_at`` (epoch s) is ahead."""

    revision: str
    payload: bytes
    expires_at: int


@dataclass(frozen=True, slots=True)
class StateRead:
    """One round trip's result: the profile (empty with revision "" for an unknown person) and a live entry."""

    profile: Profile | None
    cached: CacheEntry | None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """``scope``: API key id + route; ``key``: as sent (batch: key#index); ``fingerprint``: hash of the event."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FeedbackCommand:
    """One event to be stored for one person."""

    user_id: str
    event: Event
    recommendation_id: str | None = None
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """``duplicate``: nothing stored, the same event was there. ``replayed``: the answer of an earlier call
    with the same idempotency key; ``event_id`` and ``duplicate`` are that call's. ``item_id``: the film's own id, set
    for callers, who may have named it by another.
    """

    event_id: str
    duplicate: bool = False
    replayed: bool = False
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A line of the append-only log."""

    event_id: str
    user_id: str
    event: Event
    recommendation_id: str | None = None


@dataclass(frozen=True, slots=True)
class UserExport:
    """All that is stored of a person."""

    profile: Profile
    events: tuple[LoggedEvent, ...]
    cached_answers: int


class StatePort(Protocol):
    """People, the event log, the answer cache. Every method raises StateUnavailable when the store is late,
    locked or full; nothing is ever half stored."""

    def read(self, user_id: str | None, cache_key: CacheKey | None, deadline: Deadline) -> StateRead:
        """Profile (strongly consistent) and cache entry in one round trip; expired entries count as gone."""
        ...

    def write_cache(self, key: CacheKey, entry: CacheEntry, user_id: str | None) -> None:
        """Best effort, perhaps only after the call: dropped when the store is busy, or when the person's revision is no
        longer the entry's (so that nothing is kept for a person erased meanwhile), and an earlier answer with it."""
        ...

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> list[Receipt | MarqueeError]:
        """Store events: log line + profile + idempotency record, all or nothing an event; a person's in as few writes
        as the store allows. Results in the order of the commands; IdempotencyMismatch is returned in its place. Raises
        StateUnavailable only if nothing at all was stored."""
        ...

    def seed(self, events: Sequence[LoggedEvent], deadline: Deadline | None = None) -> int:
        """Bulk load: the events of people in log order; returns how many people were written. ``deadline``: of whoever
        waits for it; where it passes first, a part may be stored. Raises StateUnavailable."""
        ...

    def log(self, after: str | None = None) -> Iterable[LoggedEvent]:
        """The whole log for retraining, a person at a time, each by time, then arrival; read while it is iterated and
        from the start each time, or with whoever follows the person ``after``; what was erased is not in it."""
        ...

    def erased(self) -> frozenset[str]:
        """The marks (``mark_of``) of everybody who was ever erased, so that data from elsewhere can be kept from
        bringing them back."""
        ...

    def export(self, user_id: str) -> UserExport | None:
        """All that is stored of a person, None if nothing is."""
        ...

    def erase(self, user_id: str) -> bool:
        """Delete profile, events, cached answers and idempotency records, and keep the person's mark; False if
        there was nothing to delete."""
        ...

    def ping(self, deadline: Deadline) -> None:
        """A cheap read, for readiness."""
        ...

    def close(self) -> None:
        """Give files and sockets back."""
        ...
