"""One SQLite file, many threads and processes: a pool of connections, read and write sections.

Writers of this process queue on a lock, because SQLite's own waiting is a poll that starves the unlucky; other
processes are waited for by ``busy_timeout``. Both are bounded by the request's deadline.
"""

import logging
import os
import sqlite3
import stat
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.adapters.state.sqlite.failures import is_locked, is_outage, unavailable
from services.adapters.state.sqlite.schema import prepare
from services.recommender.errors import StateBusy, StateUnavailable
from services.recommender.ports import Clock, Deadline

_log = logging.getLogger(__name__)

OPENING_WAIT_S = 10.0
# Beside the file its log, and the log's index.
_FILES = ("", "-wal", "-shm")
_OWNER = stat.S_IRUSR | stat.S_IWUSR
_IDLE_CONNECTIONS = 8
_RELAXED_CHECKPOINT_PAGES = 8_000
_DURABLE_CHECKPOINT_PAGES = 1_000


class Connection:
    """An open connection and the settings it has now: a pragma is sent only where it changes something."""

    __slots__ = ("_durable", "_timeout_ms", "raw")

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self._timeout_ms = -1
        self._durable: bool | None = None

    def wait_for_locks(self, seconds: float) -> None:
        """How long SQLite waits for another process."""
        timeout_ms = int(seconds * 1_000)
        if timeout_ms != self._timeout_ms:
            self.raw.execute(f"PRAGMA busy_timeout = {timeout_ms}")
            self._timeout_ms = timeout_ms

    def set_durable(self, durable: bool) -> None:
        """Whether the next commit must survive a power cut (an fsync) or only a crash of the process (none).

        Never below NORMAL: at OFF a checkpoint would copy frames that may not be on the disk, and a power cut
        would damage what *was* durable.
        """
        if durable != self._durable:
            self.raw.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            # A checkpoint syncs too, so a relaxed commit leaves it to the durable ones while it can.
            pages = _DURABLE_CHECKPOINT_PAGES if durable else _RELAXED_CHECKPOINT_PAGES
            self.raw.execute(f"PRAGMA wal_autocheckpoint = {pages}")
            self._durable = durable


class Database:
    """``state.db``. Every section raises StateUnavailable for whatever the store can't do, and leaves nothing
    half done. Use from any thread; not across a fork.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._names = [f"{path}{suffix}" for suffix in _FILES]
        self.clock = clock
        self._idle: deque[Connection] = deque()
        self._writer = threading.Lock()
        self._closed = False
        self._opening = threading.Lock()
        self._anchor: Connection | None = None
        self._files: tuple[tuple[int, int] | None, ...] = ()
        # Without its store a server answers all the same, and looks again with the next request that needs it.
        try:
            self._create(OPENING_WAIT_S)
        except StateUnavailable as error:
            _log.warning("people, keys and quotas can't be kept for now: %s", error)

    def connect(self) -> sqlite3.Connection:
        """A new connection. Raises sqlite3.Error."""
        raw = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=OPENING_WAIT_S)
        raw.execute("PRAGMA cache_size = -1000")
        # An erased person's bytes don't linger in free space: ON, since FAST leaves whole pages as they were.
        raw.execute("PRAGMA secure_delete = ON")
        return raw

    @contextmanager
    def reading(self, deadline: Deadline) -> Iterator[sqlite3.Connection]:
        """A section that reads; begin a transaction in it where several statements must see one state."""
        connection = self._take()
        with self._guarded(connection):
            connection.wait_for_locks(deadline.remaining())
            yield connection.raw

    @contextmanager
    def writing(self, deadline: Deadline, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its first statement; committed at the end of the block,
        rolled back if it raises.
        """
        with self._alone(deadline) as connection:
            connection.set_durable(durable)
            connection.raw.execute("BEGIN IMMEDIATE")
            yield connection.raw
            connection.raw.execute("COMMIT")

    @contextmanager
    def maintaining(self, deadline: Deadline) -> Iterator[sqlite3.Connection]:
        """A section for what can't be part of a transaction, while no other thread writes; waits no longer than the
        deadline for each lock of another process.
        """
        with self._alone(deadline) as connection:
            connection.set_durable(True)
            yield connection.raw

    @contextmanager
    def _alone(self, deadline: Deadline) -> Iterator[Connection]:
        """The writer's turn in this process."""
        if not self._writer.acquire(timeout=deadline.remaining()):
            raise StateBusy(f"{self.path.name} is busy with other writes; send the request again")
        try:
            connection = self._take()
            with self._guarded(connection):
                connection.wait_for_locks(deadline.remaining())
                yield connection
        finally:
            self._writer.release()

    def close(self) -> None:
        """Close every connection; those in use close when their section ends."""
        self._closed = True
        while self._idle:
            self._idle.pop().raw.close()
        if self._anchor is not None:
            self._anchor.raw.close()

    def _create(self, wait_s: float) -> None:
        """Make or open the file and bring its tables up to date. Raises StateUnavailable."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateUnavailable(f"{self.path.name}: its folder can't be made: {error}") from error
        # SQLite gives its other files the mode of this one. What can't be made it will say itself.
        with suppress(OSError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        for name in self._names:
            _keep_private(name)
        anchor = self._opened()
        try:
            anchor.wait_for_locks(wait_s)
            prepare(anchor.raw)
        except sqlite3.Error as error:
            anchor.raw.close()
            raise unavailable(self.path, error) from error
        except BaseException:
            anchor.raw.close()
            raise
        # As long as it is open the log is neither removed nor made anew: another one is somebody's doing.
        self._anchor, self._files = anchor, self._identities()
        # A process that was killed may have left pages from before an erasure in the log.
        with suppress(StateUnavailable), self.maintaining(Deadline.within(self.clock, 0)) as raw:
            cut_log(raw)

    def _open(self) -> None:
        """What the start could not do, without waiting: one request tries, the others go without. Raises
        StateUnavailable.
        """
        if not self._opening.acquire(blocking=False):
            raise StateUnavailable(f"{self.path.name} could not be opened at the start and is being tried again")
        try:
            if self._anchor is None:
                self._create(0.0)
        finally:
            self._opening.release()

    def _opened(self) -> Connection:
        try:
            return Connection(self.connect())
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def _identities(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(map(_identity, self._names))

    def _lost(self) -> StateUnavailable:
        """The error for files that are not those that were opened. What stands in a log that was taken away is only
        in the connections that are still open: it is brought into the file while they are.
        """
        with suppress(sqlite3.Error):
            if self._anchor is not None and self._file_is_ours():
                self._anchor.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return StateUnavailable(
            f"{self.path.name} or its log was moved, replaced or deleted while in use; start the program again"
        )

    def _file_is_ours(self) -> bool:
        return self._files[:1] == (_identity(self._names[0]),)

    def _take(self) -> Connection:
        if self._closed:
            raise StateUnavailable(f"{self.path.name} was closed; start the program again")
        if self._anchor is None:
            self._open()
        # An open file takes writes after it was deleted, too, and they are gone with the process.
        if self._files != self._identities():
            raise self._lost()
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    @contextmanager
    def _guarded(self, connection: Connection) -> Iterator[None]:
        """Roll back what the block left open, keep the connection if it is sound, translate its errors."""
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

    def _give_back(self, connection: Connection, sound: bool) -> None:
        try:
            if connection.raw.in_transaction:
                connection.raw.execute("ROLLBACK")
        except sqlite3.Error:
            sound = False
        if sound and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.raw.close()


def cut_log(raw: sqlite3.Connection) -> bool:
    """Fold the write-ahead log back and cut it to nothing; False where somebody needs it."""
    busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _keep_private(path: str) -> None:
    """Take away what others may do with a file of ours: by another version, or copied back, it may be open to them.
    What belongs to another user, or lies where modes can't be changed, stays as it is; ``doctor`` tells of it. By its
    name: to open and close a file lets go of SQLite's locks on it.
    """
    with suppress(OSError):
        found = os.stat(path)  # noqa: PTH116
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid == os.geteuid() and mode & ~_OWNER:
            os.chmod(path, mode & _OWNER)  # noqa: PTH101


def _identity(path: str) -> tuple[int, int] | None:
    """Which file a path leads to, None if to none. Text: this is asked with every call, and a Path takes longer."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino
