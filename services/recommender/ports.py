"""What the recommender needs from outside, as Protocols. Adapters sit in ``services/adapters``, a folder a port."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.events import Event
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Reason
from services.recommender.errors import MarqueeError


class Clock(Protocol):
    """Time, so that tests can set it."""

    def now_ms(self) -> int:
        """Wall clock, epoch milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which a request must be answered; every remote call takes what is left of it."""

    clock: Clock
    at: float

    @classmethod
    def within(cls, clock: Clock, seconds: float) -> "Deadline":
        """A deadline so many seconds from now."""
        return cls(clock, clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - self.clock.monotonic())


# --- search ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SearchRequest:
    """``text`` for BM25, ``vectors`` float32[q, dims] (unit) for kNN, either may be None. ``size``: hits a leg."""

    text: str | None = None
    vectors: NDArray[np.float32] | None = None
    filters: Filters = NO_FILTERS
    size: int = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """Hits of one leg under the filters, best first: ``rows`` int32[m], ``scores`` float32[m] (BM25 as the
    engine gives it; for kNN the best cosine over the query vectors).

    ``reference``: mean of the best 50 scores, ``floor``: the score at rank ``size`` (0 when there are fewer),
    both *without* the filters, so that a film's signal (score - floor) / (reference - floor) is the same
    whatever is filtered.
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    reference: float
    floor: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """One leg each, None where it was not asked for or (in process) the bundle has no vectors."""

    text: Leg | None = None
    knn: Leg | None = None


class SearchPort(Protocol):
    """Text and vector retrieval over one bundle's films. Text is plain words: operators have no meaning."""

    index_version: str

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Both legs in one round trip. Raises SearchUnavailable."""
        ...

    def suggest(self, prefix: str, limit: int) -> NDArray[np.int32]:
        """Rows for a type-ahead: titles with words that begin like this, best known first."""
        ...

    def close(self) -> None:
        """Give files and sockets back."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A bundle and the index that belongs to it: they switch together, so a request takes one reference."""

    bundle: Bundle
    search: SearchPort


class Releases(Protocol):
    """Where requests take their release from."""

    def current(self) -> Release:
        """The release to serve now; a new one is picked up between requests. Raises BundleError."""
        ...


class TextEncoder(Protocol):
    """Text to unit vectors."""

    encoder_id: str
    dims: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32[len(texts), dims], unit length. Raises EncoderUnavailable."""
        ...


# --- state ----------------------------------------------------------------------------------------------


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
    with the same idempotency key; ``event_id`` and ``duplicate`` are that call's.
    """

    event_id: str
    duplicate: bool = False
    replayed: bool = False


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
        """Best effort: dropped when the store is busy, or when the person's revision is no longer the entry's
        (so that nothing is written for a person erased meanwhile)."""
        ...

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> list[Receipt | MarqueeError]:
        """Store events: log line + profile + idempotency record, all or nothing a person; one profile write a
        person. Results in the order of the commands; IdempotencyMismatch is returned in its place. Raises
        StateUnavailable only if nothing at all was stored."""
        ...

    def seed(self, events: Sequence[LoggedEvent]) -> int:
        """Bulk load: the events of people in log order; returns how many people were written."""
        ...

    def log(self) -> Sequence[LoggedEvent]:
        """The whole log in order, for retraining; erased people are not in it."""
        ...

    def export(self, user_id: str) -> UserExport | None:
        """All that is stored of a person, None if nothing is."""
        ...

    def erase(self, user_id: str) -> bool:
        """Delete profile, events, cached answers and idempotency records; False if there was nothing."""
        ...

    def ping(self, deadline: Deadline) -> None:
        """A cheap read, for readiness."""
        ...

    def close(self) -> None:
        """Give files and sockets back."""
        ...


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``limit``: requests in a rolling ``window_s``; 0 for none. Scopes: "serve", "admin"."""

    key_id: str
    name: str
    scopes: frozenset[str] = frozenset({"serve"})
    limit: int = 0
    window_s: int = 60
    revoked: bool = False
    created_at: int = 0


class KeyStore(Protocol):
    """API keys; the secret itself is never stored (it is an HMAC of the id)."""

    def put(self, key: ApiKey) -> None:
        """Create or replace."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """The key, None if unknown."""
        ...

    def list(self) -> list[ApiKey]:
        """All keys, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Quota:
    """``reset_s``: whole seconds until at least one more request is admitted (or the window is fresh)."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int


class QuotaPort(Protocol):
    """A rolling window a key with an exact upper bound: 10 sub-buckets; never more than ``limit`` in any window."""

    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        """Count one request if the window has room. Raises StateUnavailable."""
        ...


# --- explanations ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an explainer may speak of: the film's facts and the reasons that moved its score."""

    title: str
    year: int | None
    genres: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()


class Explainer(Protocol):
    """One sentence a film, at most 22 words, out of the evidence alone."""

    prompt_version: str

    def explain(self, evidence: Sequence[Evidence], deadline: Deadline) -> list[str]:
        """A sentence for each. Raises Unavailable."""
        ...
