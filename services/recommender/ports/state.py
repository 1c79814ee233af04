"""Port for profiles, the event log and the response cache."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.recommender.domain.history import Event
from services.recommender.domain.profile import Profile
from services.recommender.errors import MarqueeError
from services.recommender.ports.time import Deadline


@dataclass(frozen=True, slots=True)
class CacheKey:
    """``user_id``: None for an anonymous visitor; ``entry``: the request, by its fingerprint."""

    user_id: str | None
    entry: str


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A cached response: valid for one profile ``revision`` only, until ``expires_at`` (epoch s)."""

    revision: str
    payload: bytes
    expires_at: int

    def is_current(self, profile: Profile | None, now_s: int) -> bool:
        """Return whether it may be sent: not expired, and of the profile's revision ("" without a profile)."""
        return self.expires_at > now_s and self.revision == (profile.revision if profile is not None else "")


@dataclass(frozen=True, slots=True)
class Idempotency:
    """``scope``: API key id + route; ``key``: as sent (batch: key#index); ``fingerprint``: hash of the event."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FeedbackCommand:
    """One event to store for one person."""

    user_id: str
    event: Event
    recommendation_id: str | None = None
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of one command. ``duplicate``: nothing stored, as the same event exists. ``replayed``: the receipt of
    an earlier call with the same idempotency key, with that call's ``event_id`` and ``duplicate``. ``item_id``: the
    film's catalogue id, set for callers, who may have used another id.
    """

    event_id: str
    duplicate: bool = False
    replayed: bool = False
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An entry of the append-only log."""

    event_id: str
    user_id: str
    event: Event
    recommendation_id: str | None = None


@dataclass(frozen=True, slots=True)
class UserExport:
    """Everything stored about a person."""

    profile: Profile
    events: tuple[LoggedEvent, ...]
    cached_answers: int


class StatePort(Protocol):
    """Profiles, event log and response cache. Every method raises StateUnavailable when the store is late, locked or
    full; nothing is ever partly stored."""

    def read(
        self, user_id: str | None, cache_key: CacheKey | None, deadline: Deadline
    ) -> tuple[Profile | None, CacheEntry | None]:
        """Read the profile (strongly consistent; empty, with revision "", for an unknown person) and the cache entry in
        one round trip; an entry that is not current is ignored.
        """
        ...

    def write_cache(self, key: CacheKey, entry: CacheEntry) -> None:
        """Store on a best-effort basis, perhaps after the call: dropped when the store is busy, or when the entry's
        revision is no longer the person's (so that nothing is kept for a person erased meanwhile). An earlier response
        of that key is dropped as well.
        """
        ...

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> list[Receipt | MarqueeError]:
        """Store events: log entry, profile and idempotency record atomically per event, in as few writes per person as
        possible. Receipts are in the order of the commands; IdempotencyMismatch is returned in its place. Raises
        StateUnavailable only if nothing at all was stored."""
        ...

    def seed(self, events: Sequence[LoggedEvent], deadline: Deadline | None = None) -> int:
        """Bulk-load people's events in log order; return how many people were written. ``deadline``: the caller's; if
        it passes first, a part may be stored. Raises StateUnavailable."""
        ...

    def log(self, after: str | None = None) -> Iterable[LoggedEvent]:
        """Yield the whole log for retraining, one person at a time, each by time, then arrival. It is read lazily, from
        the start or after the person ``after``; erased people's events are not in it.
        """
        ...

    def erased(self) -> frozenset[str]:
        """Return the marks (``mark_of``) of everyone ever erased, so that other data sources do not bring them back."""
        ...

    def export(self, user_id: str) -> UserExport | None:
        """Return everything stored about a person, None if nothing is."""
        ...

    def erase(self, user_id: str) -> bool:
        """Delete profile, events, cached responses and idempotency records, and keep the person's mark; False if there
        was nothing to delete.
        """
        ...

    def ping(self, deadline: Deadline) -> None:
        """Do a cheap read, for readiness checks."""
        ...

    def close(self) -> None:
        """Release files and sockets."""
        ...
