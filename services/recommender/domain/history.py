"""A person's newest events as parallel columns, and their packed form of 12 bytes per event.

Layout of a packed history: one version byte, then one record per event, oldest first, big-endian:
film hash (5 bytes), ``kind << 4 | half-stars`` (1 byte), epoch milliseconds (6 bytes).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.events import EXPLICIT, Event, EventKind

MAX_EVENTS = 1_000
DUPLICATE_WINDOW_MS = 60_000
_VERSION = 1
_RECORD = 12
_MOST_HALF_STARS = 10
# Plain ints: numpy takes five times as long to compare with an enum member.
_FIRST_KIND, _CLEAR = int(EventKind.LIKE), int(EventKind.CLEAR)
_EXPLICIT = np.isin(np.arange(16), [int(kind) for kind in EXPLICIT])
_HASH_BYTES = 256 ** np.arange(4, -1, -1, dtype=np.uint64)
_TIME_BYTES = 256 ** np.arange(5, -1, -1, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Columns of length n <= 1,000, sorted by time, then arrival: ``hashes`` uint64, ``kinds`` uint8,
    ``half_stars`` uint8 (rating x 2; 2 for events without a value), ``ts_ms`` int64.

    A film has at most one explicit event (the latest) and one of each implicit kind. A ``clear`` stays as a
    tombstone, so that an older opinion arriving late is not restored.
    """

    hashes: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    half_stars: NDArray[np.uint8]
    ts_ms: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Self:
        """Return an empty history."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.uint8), np.empty(0, np.uint8), np.empty(0, np.int64))

    @classmethod
    def of(cls, events: list[Event]) -> Self:
        """Return a history of events given oldest first, at most one per film; for seeds and bulk loads."""
        return cls.columns(events[-MAX_EVENTS:])

    @classmethod
    def columns(cls, events: list[Event]) -> Self:
        """Return the events as they are, in any number; for bulk loads, which truncate afterwards."""
        return cls(
            np.array([hash_id(event.item_id) for event in events], np.uint64),
            np.array([event.kind for event in events], np.uint8),
            np.array([int(event.value * 2) for event in events], np.uint8),
            np.array([event.ts_ms for event in events], np.int64),
        )

    def __len__(self) -> int:
        return len(self.hashes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in History.__slots__)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "History":
        """Return the events at an index or mask, in its order."""
        return History(self.hashes[index], self.kinds[index], self.half_stars[index], self.ts_ms[index])

    def joined(self, later: "History") -> "History":
        """Return both histories merged by time; on equal times ``later`` comes second."""
        both = History(
            np.concatenate([self.hashes, later.hashes]),
            np.concatenate([self.kinds, later.kinds]),
            np.concatenate([self.half_stars, later.half_stars]),
            np.concatenate([self.ts_ms, later.ts_ms]),
        )
        return both.take(np.argsort(both.ts_ms, kind="stable"))

    def is_duplicate(self, event: Event) -> bool:
        """Return whether the film's latest event is the same event and value, at most 60 s earlier."""
        same_film = np.flatnonzero(self.hashes == np.uint64(hash_id(event.item_id)))
        if not len(same_film):
            return False
        last = same_film[-1]
        return bool(
            self.kinds[last] == event.kind
            and self.half_stars[last] == int(event.value * 2)
            and 0 <= event.ts_ms - self.ts_ms[last] <= DUPLICATE_WINDOW_MS
        )

    def add(self, event: Event) -> "History":
        """Return this history with one more event, under the rules of the class; events beyond the newest 1,000 are
        dropped.
        """
        film = self.hashes == np.uint64(hash_id(event.item_id))
        later_than = film & (self.ts_ms > event.ts_ms)
        if event.kind in EXPLICIT:
            if np.any(later_than & _EXPLICIT[self.kinds]):
                return self
            superseded = film & _EXPLICIT[self.kinds]
            if event.kind is EventKind.CLEAR:
                superseded = film & (self.ts_ms <= event.ts_ms)
        else:
            cleared = later_than & (self.kinds == _CLEAR)
            if np.any(cleared) or np.any(later_than & (self.kinds == event.kind)):
                return self
            superseded = film & (self.kinds == event.kind)
        return self.take(~superseded).joined(History.of([event])).newest()

    def newest(self) -> "History":
        """Return the last 1,000 events."""
        return self if len(self) <= MAX_EVENTS else self.take(slice(-MAX_EVENTS, None))

    def without(self, hashes: NDArray[np.uint64]) -> "History":
        """Return the events of all other films."""
        if not len(self):
            return self
        return self.take(~np.isin(self.hashes, hashes))

    def of_film(self, item_id: str) -> "History":
        """Return the events of one film."""
        return self.take(self.hashes == np.uint64(hash_id(item_id)))

    def opinions(self) -> "History":
        """Return one event per film: its opinion if there is one, else its latest implicit event; none if cleared."""
        if not len(self):
            return self
        # Events next to a tombstone are later than it, so a tombstone ranks below all of them.
        rank = np.where(self.kinds == _CLEAR, 0, np.where(_EXPLICIT[self.kinds], 2, 1))
        order = np.lexsort((np.arange(len(self)), rank, self.hashes))
        films = self.hashes[order]
        chosen = np.sort(order[np.append(films[1:] != films[:-1], True)])
        return self.take(chosen[self.kinds[chosen] != _CLEAR])


def pack(history: History) -> bytes:
    """Return the packed form, 1 + 12 n bytes; see the module for the layout."""
    n = len(history)
    out = np.empty((n, _RECORD), np.uint8)
    out[:, :5] = (history.hashes[:, None] // _HASH_BYTES) & np.uint64(255)
    out[:, 5] = history.kinds << 4 | history.half_stars
    out[:, 6:] = (history.ts_ms[:, None] // _TIME_BYTES) & 255
    return bytes([_VERSION]) + out.tobytes()


def unpack(packed: bytes) -> History:
    """Parse a packed history. Raises ValueError for another version, a truncated or an invalid record."""
    if not packed:
        return History.empty()
    if packed[0] != _VERSION or (len(packed) - 1) % _RECORD:
        raise ValueError(f"not a packed history of version {_VERSION}: {len(packed)} bytes")
    records = np.frombuffer(packed, np.uint8, offset=1).reshape(-1, _RECORD)
    kinds, half_stars = (records[:, 5] >> 4).astype(np.uint8), (records[:, 5] & 15).astype(np.uint8)
    if ((kinds < _FIRST_KIND) | (kinds > _CLEAR) | (half_stars > _MOST_HALF_STARS)).any():
        raise ValueError("packed history has an event of unknown kind or value")
    hashes = records[:, :5].astype(np.uint64) @ _HASH_BYTES
    return History(hashes, kinds, half_stars, records[:, 6:].astype(np.int64) @ _TIME_BYTES)


def pack_hashes(hashes: NDArray[np.uint64]) -> bytes:
    """Pack a set of film hashes, sorted, five bytes each, big-endian.

    Deltas would save less than a fifth at 2,500 films and cost a decoding loop on every request.
    """
    return (((distinct(hashes)[:, None] // _HASH_BYTES) & np.uint64(255)).astype(np.uint8)).tobytes()


def unpack_hashes(packed: bytes) -> NDArray[np.uint64]:
    """Parse a packed set into sorted hashes, uint64[n]. Raises ValueError for a truncated one."""
    if len(packed) % 5:
        raise ValueError(f"not a packed set of 5-byte hashes: {len(packed)} bytes")
    return np.frombuffer(packed, np.uint8).reshape(-1, 5).astype(np.uint64) @ _HASH_BYTES
