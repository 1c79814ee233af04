"""API keys in SQLite: ids, scopes, limits. The secret is an HMAC of the id and is not stored."""

from collections.abc import Sequence
from typing import Any

from services.adapters.foreign import translated
from services.adapters.state.sqlite.database import Database
from services.recommender.errors import StateUnavailable
from services.recommender.ports import ApiKey, Deadline

KEYS_WAIT_S = 2.0
_COLUMNS = "key_id, name, scopes, max_requests, window_s, revoked, created_at"


class SqliteKeys:
    """``KeyStore`` in ``state.db``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @translated(StateUnavailable, "the data in state.db")
    def put(self, key: ApiKey) -> None:
        """Create or replace a key. Raises StateUnavailable."""
        scopes = " ".join(sorted(key.scopes))
        row = (key.key_id, key.name, scopes, key.limit, key.window_s, int(key.revoked), key.created_at)
        with self._database.writing(self._deadline()) as connection:
            connection.execute(f"INSERT OR REPLACE INTO api_keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    @translated(StateUnavailable, "the data in state.db")
    def get(self, key_id: str) -> ApiKey | None:
        """Return the key, None if unknown. Raises StateUnavailable."""
        with self._database.reading(self._deadline()) as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = ?", (key_id,)).fetchone()  # noqa: S608
        return None if row is None else _key_of(row)

    @translated(StateUnavailable, "the data in state.db")
    def list(self) -> list[ApiKey]:
        """Return all keys, oldest first. Raises StateUnavailable."""
        with self._database.reading(self._deadline()) as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at, key_id").fetchall()  # noqa: S608
        return [_key_of(row) for row in rows]

    def _deadline(self) -> Deadline:
        return Deadline.within(self._database.clock, KEYS_WAIT_S)


def _key_of(row: Sequence[Any]) -> ApiKey:
    key_id, name, scopes, limit, window_s, revoked, created_at = row
    return ApiKey(key_id, name, frozenset(scopes.split()), limit, window_s, bool(revoked), created_at)
