"""One SQLite file for many threads and processes, and its rows as domain objects.

:class:`Database` is a connection pool with read and write sections. Writers of this process queue on a lock, as
SQLite's own waiting polls and may starve some; other processes are waited for through ``busy_timeout``. Both are
bounded by the request's deadline.

The functions on profiles and events run within such a section.
"""

import logging
import os
import secrets
import sqlite3
import stat
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from services.adapters.state.sqlite.schema import prepare
from services.adapters.state.sqlite.sqlite_failures import is_locked, is_outage, unavailable
from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import Event, EventKind, pack, pack_hashes, unpack, unpack_hashes
from services.recommender.domain.profile import Profile
from services.recommender.errors import StateBusy, StateUnavailable
from services.recommender.ports import Clock, Deadline, LoggedEvent

_log = logging.getLogger(__name__)

OPENING_WAIT_S = 10.0
# The file, its write-ahead log, and the log's index.
_FILES = ("", "-wal", "-shm")
_OWNER = stat.S_IRUSR | stat.S_IWUSR
_IDLE_CONNECTIONS = 8
_RELAXED_CHECKPOINT_PAGES = 8_000
_DURABLE_CHECKPOINT_PAGES = 1_000


class Database:
    """``state.db``. Every section raises StateUnavailable for any failure of the store, and leaves nothing half done.
    Thread-safe; not usable across a fork.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._names = [f"{path}{suffix}" for suffix in _FILES]
        self.clock = clock
        self._idle: deque[sqlite3.Connection] = deque()
        self._writer = threading.Lock()
        self._closed = False
        self._opening = threading.Lock()
        self._anchor: sqlite3.Connection | None = None
        self._files: tuple[tuple[int, int] | None, ...] = ()
        # A server without its store still serves, and retries at the next request that needs it.
        try:
            self._create(OPENING_WAIT_S)
        except StateUnavailable as error:
            _log.warning("people, keys and quotas cannot be stored for now: %s", error)

    def connect(self) -> sqlite3.Connection:
        """Return a new connection. Raises sqlite3.Error."""
        raw = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=OPENING_WAIT_S)
        raw.execute("PRAGMA cache_size = -1000")
        # Overwrite deleted bytes, for erasure: ON, as FAST leaves whole pages unchanged.
        raw.execute("PRAGMA secure_delete = ON")
        return raw

    @contextmanager
    def reading(self, deadline: Deadline) -> Iterator[sqlite3.Connection]:
        """Open a read section; begin a transaction in it if several statements must see one state."""
        connection = self._take()
        with self._guarded(connection):
            _wait_for_locks(connection, deadline.remaining())
            yield connection

    @contextmanager
    def writing(self, deadline: Deadline, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Open a transaction that holds the write lock from the start; commit at the end of the block, roll back if it
        raises.
        """
        with self._exclusive(deadline) as connection:
            _set_durable(connection, durable)
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def maintaining(self, deadline: Deadline) -> Iterator[sqlite3.Connection]:
        """Open a section for statements not allowed in a transaction, while no other thread writes; wait at most until
        the deadline for each lock of another process.
        """
        with self._exclusive(deadline) as connection:
            _set_durable(connection, True)
            yield connection

    @contextmanager
    def _exclusive(self, deadline: Deadline) -> Iterator[sqlite3.Connection]:
        """Wait for the writer's turn in this process."""
        if not self._writer.acquire(timeout=deadline.remaining()):
            raise StateBusy(f"{self.path.name} is busy with other writes; send the request again")
        try:
            connection = self._take()
            with self._guarded(connection):
                _wait_for_locks(connection, deadline.remaining())
                yield connection
        finally:
            self._writer.release()

    def close(self) -> None:
        """Close every connection; those in use close when their section ends."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        if self._anchor is not None:
            self._anchor.close()

    def _create(self, wait_s: float) -> None:
        """Create or open the file and migrate its tables. Raises StateUnavailable."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateUnavailable(f"{self.path.name}: its folder cannot be created: {error}") from error
        # SQLite gives its other files this file's mode. Creation errors are reported by SQLite.
        with suppress(OSError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        for name in self._names:
            _keep_private(name)
        anchor = self._opened()
        try:
            _wait_for_locks(anchor, wait_s)
            prepare(anchor)
        except sqlite3.Error as error:
            anchor.close()
            raise unavailable(self.path, error) from error
        except BaseException:
            anchor.close()
            raise
        # While it is open, SQLite neither removes nor recreates the log: any other change is external.
        self._anchor, self._files = anchor, self._identities()
        # A killed process may have left pages from before an erasure in the log.
        with suppress(StateUnavailable), self.maintaining(Deadline.within(self.clock, 0)) as raw:
            cut_log(raw)

    def _open(self) -> None:
        """Retry opening without waiting: one request tries, others fail meanwhile. Raises StateUnavailable."""
        if not self._opening.acquire(blocking=False):
            raise StateUnavailable(f"{self.path.name} could not be opened at startup; retrying")
        try:
            if self._anchor is None:
                self._create(0.0)
        finally:
            self._opening.release()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self.connect()
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def _identities(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(map(_identity, self._names))

    def _lost(self) -> StateUnavailable:
        """Return the error for replaced or deleted files. The contents of a removed log exist only in open connections,
        so they are first checkpointed into the file.
        """
        with suppress(sqlite3.Error):
            if self._anchor is not None and self._file_is_ours():
                self._anchor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return StateUnavailable(
            f"{self.path.name} or its log was moved, replaced or deleted while in use; start the program again"
        )

    def _file_is_ours(self) -> bool:
        return self._files[:1] == (_identity(self._names[0]),)

    def _take(self) -> sqlite3.Connection:
        if self._closed:
            raise StateUnavailable(f"{self.path.name} was closed; start the program again")
        if self._anchor is None:
            self._open()
        # A deleted file still accepts writes while open, but they would be lost.
        if self._files != self._identities():
            raise self._lost()
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    @contextmanager
    def _guarded(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Roll back what the block left open, keep the connection if it is usable, translate errors."""
        sound = True
        try:
            yield
        except sqlite3.Error as error:
            sound = is_locked(error)
            if not is_outage(error):
                raise
            raise unavailable(self.path, error) from error
        finally:
            self._give_back(connection, sound)

    def _give_back(self, connection: sqlite3.Connection, sound: bool) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            sound = False
        if sound and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()


def _wait_for_locks(connection: sqlite3.Connection, seconds: float) -> None:
    """Set how long SQLite waits for other processes."""
    connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1_000)}")


def _set_durable(connection: sqlite3.Connection, durable: bool) -> None:
    """Set whether the next commit must survive a power failure (with fsync) or only a process crash (without).

    Never below NORMAL: with OFF a checkpoint could copy frames that are not on disk, and a power failure would damage
    durable data.
    """
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    # Checkpoints sync, too, so relaxed commits leave them to durable ones while possible.
    pages = _DURABLE_CHECKPOINT_PAGES if durable else _RELAXED_CHECKPOINT_PAGES
    connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")


def cut_log(raw: sqlite3.Connection) -> bool:
    """Checkpoint and truncate the write-ahead log; return False if it is in use."""
    busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _keep_private(path: str) -> None:
    """Remove other users' permissions from our file, which an older version or a copy may have left. Files of other
    users, or on file systems without modes, are left alone; ``doctor`` reports them. By name, as opening and closing
    the file would release SQLite's locks on it.
    """
    with suppress(OSError):
        status = os.stat(path)  # noqa: PTH116
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid == os.geteuid() and mode & ~_OWNER:
            os.chmod(path, mode & _OWNER)  # noqa: PTH101


def _identity(path: str) -> tuple[int, int] | None:
    """Return the identity of the file at a path, None if missing. A string path: this runs at every call."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


PROFILE_COLUMNS = "p.history, p.seen, p.disliked, p.revision, p.updated_at"
EVENT_COLUMNS = "event_id, user_id, item_id, kind, value, ts_ms, recommendation_id"
# An existing entry keeps its place among events of equal time.
_PUT_EVENT = f"""
INSERT INTO events ({EVENT_COLUMNS}, arrived) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET item_id = excluded.item_id, kind = excluded.kind, value = excluded.value,
recommendation_id = excluded.recommendation_id
"""  # noqa: S608 - constants only


def profile_of(user_id: str, row: Sequence[Any]) -> Profile:
    """Return the profile of a row of PROFILE_COLUMNS; all NULL for a person who was never stored.

    Raises StateUnavailable for a damaged row, naming the id's hash, as messages end up in logs.
    """
    history, seen, disliked, revision, updated_at = row
    if revision is None:
        return Profile(user_id)
    try:
        return Profile(user_id, unpack(history), unpack_hashes(seen), unpack_hashes(disliked), revision, updated_at)
    except ValueError as error:
        raise StateUnavailable(
            f"people row {hash_id(user_id):010x} (BLAKE2b-40 of the user id) of state.db is damaged: {error}; "
            "erase this person or restore the file from a backup"
        ) from error


def find_profile(connection: sqlite3.Connection, user_id: str) -> Profile:
    """Return a person's profile, empty for an unknown one. Raises StateUnavailable for a damaged row."""
    row = connection.execute(f"SELECT {PROFILE_COLUMNS} FROM people p WHERE user_id = ?", (user_id,)).fetchone()  # noqa: S608
    return profile_of(user_id, row or (None,) * 5)


def put_profile(connection: sqlite3.Connection, profile: Profile, now_ms: int) -> None:
    """Write a profile under a new revision."""
    packed = (pack(profile.history), pack_hashes(profile.seen), pack_hashes(profile.disliked))
    connection.execute(
        "INSERT OR REPLACE INTO people (user_id, history, seen, disliked, revision, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (profile.user_id, *packed, secrets.token_hex(8), now_ms),
    )


def logged_event_of(row: Sequence[Any]) -> LoggedEvent:
    """Return the log entry of a row of EVENT_COLUMNS."""
    event_id, user_id, item_id, kind, value, ts_ms, recommendation_id = row
    return LoggedEvent(event_id, user_id, Event(item_id, EventKind(kind), value, ts_ms), recommendation_id)


def logged_events_of(connection: sqlite3.Connection, user_id: str) -> list[LoggedEvent]:
    """Return one person's log, by time, then arrival."""
    rows = connection.execute(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE user_id = ? ORDER BY ts_ms, arrived",  # noqa: S608
        (user_id,),
    )
    return [logged_event_of(row) for row in rows]


def put_event(connection: sqlite3.Connection, logged_event: LoggedEvent, arrived: int) -> None:
    """Append to the log; an entry of the same person, time and id is replaced."""
    event = logged_event.event
    row = (logged_event.event_id, logged_event.user_id, event.item_id, int(event.kind), event.value, event.ts_ms)
    connection.execute(_PUT_EVENT, (*row, logged_event.recommendation_id, arrived))
