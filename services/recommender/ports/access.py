"""Ports for API keys and quotas."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``limit``: requests per rolling ``window_s``; 0 for no limit. Scopes: "serve", "admin"."""

    key_id: str
    name: str
    scopes: frozenset[str] = frozenset({"serve"})
    limit: int = 0
    window_s: int = 60
    revoked: bool = False
    created_at: int = 0


class KeyStore(Protocol):
    """Stores API keys; the secret itself is never stored (it is an HMAC of the id)."""

    def put(self, key: ApiKey) -> None:
        """Create or replace a key."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key, None if unknown."""
        ...

    def list(self) -> list[ApiKey]:
        """Return all keys, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Quota:
    """``reset_s``: whole seconds until at least one more request is admitted (or the window is fresh)."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int


class QuotaPort(Protocol):
    """Rolling window per key with an exact upper bound: 10 sub-buckets; never more than ``limit`` in any window."""

    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        """Count one request if the window has room. Raises StateUnavailable."""
        ...
