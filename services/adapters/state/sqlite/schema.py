"""Tables of ``state.db``, versioned by ``PRAGMA user_version``.

``events`` is clustered for reading: a person's log by time; ``arrived`` orders events of equal time. Blobs are the
packed forms of ``domain/history.py``. ``cache.user_id`` finds a person's cached responses for erasure, however their
owner is written. ``erased`` holds marks (``domain/profile.py``), not ids.
"""

import sqlite3
import time

from services.adapters.state.sqlite.sqlite_failures import is_locked
from services.recommender.errors import StateUnavailable

_FIRST = """
CREATE TABLE people (
    user_id TEXT PRIMARY KEY,
    history BLOB NOT NULL,
    seen BLOB NOT NULL,
    disliked BLOB NOT NULL,
    revision TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE events (
    user_id TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    item_id TEXT NOT NULL,
    kind INTEGER NOT NULL,
    value REAL NOT NULL,
    recommendation_id TEXT,
    PRIMARY KEY (user_id, ts_ms, event_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    event_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_user ON idempotency (user_id);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);
CREATE TABLE cache (
    owner TEXT NOT NULL,
    entry TEXT NOT NULL,
    user_id TEXT,
    revision TEXT NOT NULL,
    payload BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (owner, entry)
) STRICT;
CREATE INDEX cache_user ON cache (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX cache_expiry ON cache (expires_at);
CREATE TABLE quota (
    key_id TEXT PRIMARY KEY,
    width_ms INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    counts BLOB NOT NULL
) STRICT;
CREATE TABLE api_keys (
    key_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    max_requests INTEGER NOT NULL,
    window_s INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT
"""
_ERASED = """
CREATE TABLE erased (
    mark TEXT PRIMARY KEY,
    erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""
# Step n migrates a file of version n - 1 to version n.
_STEPS = (_FIRST, _ERASED)
VERSION = len(_STEPS)
# A second in total.
_SWITCHES = 100
_SWITCH_PAUSE_S = 0.01


def prepare(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file, or migrate one of an older version. Safe from several processes at once.

    Raises StateUnavailable for a file of a newer version, sqlite3.Error for an unusable one.
    """
    if _version(connection) < VERSION:
        _enter_wal(connection)
        connection.execute("BEGIN IMMEDIATE")
        for step in _STEPS[_version(connection) :]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(VERSION, _version(connection))}")
        connection.execute("COMMIT")
    version = _version(connection)
    if version != VERSION:
        raise StateUnavailable(
            f"state.db has schema {version}, this program supports {VERSION}: upgrade Marquee, or use another file"
        )


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log, permanently; readers then never wait for a writer.

    When several connections switch a new file, SQLite reports "locked" to all but one at once, ignoring its busy
    timeout.
    """
    for attempt in range(1, _SWITCHES + 1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_locked(error) or attempt == _SWITCHES:
                raise
            time.sleep(_SWITCH_PAUSE_S)
        else:
            return


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
