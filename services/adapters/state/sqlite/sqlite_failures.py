"""Messages for SQLite errors that say what to do."""

import sqlite3
from pathlib import Path

from services.recommender.errors import StateBusy, StateUnavailable

_ADVICE = {
    sqlite3.SQLITE_BUSY: "is locked by another writer; send the request again",
    sqlite3.SQLITE_LOCKED: "is locked by another writer; send the request again",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; free some space",
    sqlite3.SQLITE_READONLY: "is read-only; give this process write access to it and its folder",
    sqlite3.SQLITE_IOERR: "cannot be read or written; check the disk",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a backup, or move it away to start afresh",
    sqlite3.SQLITE_NOTADB: "is not a state store; move it away, or point to another file",
}


_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def is_outage(error: sqlite3.Error) -> bool:
    """Return whether the store, not the program, is at fault."""
    return isinstance(error, (sqlite3.OperationalError, sqlite3.InternalError)) or type(error) is sqlite3.DatabaseError


def is_locked(error: sqlite3.Error) -> bool:
    """Return whether another connection holds the lock; this connection remains usable."""
    return _primary_code(error) == sqlite3.SQLITE_BUSY


def unavailable(path: Path, error: sqlite3.Error) -> StateUnavailable:
    """Return the error to raise instead: file, cause and remedy."""
    code = _primary_code(error)
    kind = StateBusy if code in _BUSY else StateUnavailable
    return kind(f"{path.name} {_ADVICE.get(code, 'failed')} (SQLite: {error})")


def _primary_code(error: sqlite3.Error) -> int:
    # The low byte; the rest distinguishes variants. Absent for errors raised by Python.
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 255
