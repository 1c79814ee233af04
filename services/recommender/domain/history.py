"""A person's events: what each kind means for the taste, and the history of the newest ones.

================== ============== =================
event              taste weight   leaves the list
================== ============== =================
like               1.15           yes
rating r >= 4      1 + .3 (r - 4) yes
rating 3, 3.5      .3             yes
rating <= 2.5      0, lowers      yes
dislike            0, lowers      yes
watch              .3             yes
click              .1             no
clear              removes        no
================== ============== =================

``like``, ``dislike``, ``rating`` and ``clear`` are *explicit*: the latest of them for a film is the opinion.
``watch`` and ``click`` are *implicit*: they count only for films without an opinion.

A :class:`History` holds them as parallel columns, and packs them into 12 bytes per event: one version byte, then one
record per event, oldest first, big-endian: film hash (5 bytes), ``kind << 4 | half-stars`` (1 byte), epoch milliseconds
(6 bytes).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.catalogue import hash_id

RATINGS = tuple(step / 2 for step in range(1, 11))
DISLIKED_TO = 2.5


class EventKind(IntEnum):
    """Stored codes; never renumber."""

    LIKE = 1
    DISLIKE = 2
    RATING = 3
    WATCH = 4
    CLICK = 5
    CLEAR = 6

    @property
    def label(self) -> str:
        """Name in the API: ``like``, ``rating``, ..."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> "EventKind":
        """Return the kind with an API name. Raises KeyError for an unknown one."""
        return cls[label.upper()]


OPINIONS = frozenset({EventKind.LIKE, EventKind.DISLIKE, EventKind.RATING})
EXPLICIT = OPINIONS | {EventKind.CLEAR}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one person. ``value`` is the rating in stars (.5, 1, ... 5), else 1. ``ts_ms``: epoch ms."""

    item_id: str
    kind: EventKind
    value: float
    ts_ms: int


def _table(of_rating: dict[float, float], **of_kind: float) -> NDArray[np.float32]:
    """Return a [7, 11] look-up table, kind x half-stars, to weight a whole history with one index operation."""
    table = np.zeros((7, 11), np.float32)
    for name, weight in of_kind.items():
        table[EventKind.parse(name)] = weight
    for stars, weight in of_rating.items():
        table[EventKind.RATING, int(stars * 2)] = weight
    return table


_TASTE = _table(
    {3.0: 0.3, 3.5: 0.3, 4.0: 1.0, 4.5: 1.15, 5.0: 1.3}, like=1.15, watch=0.3, click=0.1
)  # a rating of 4.5 weighs as much as a like
_DISLIKED = _table({stars: 1.0 for stars in RATINGS if stars <= DISLIKED_TO}, dislike=1.0) > 0
_LEAVES = _table(dict.fromkeys(RATINGS, 1.0), like=1.0, dislike=1.0, watch=1.0) > 0


def taste_weights(kinds: NDArray[np.uint8], half_stars: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return each event's weight in the taste, float32[n], before recency."""
    return np.asarray(_TASTE[kinds, half_stars], np.float32)


def is_disliked(kinds: NDArray[np.uint8], half_stars: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which events express dislike, bool[n]."""
    return np.asarray(_DISLIKED[kinds, half_stars])


def leaves(kinds: NDArray[np.uint8], half_stars: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return ``leaves_list`` of each event, bool[n]."""
    return np.asarray(_LEAVES[kinds, half_stars])


def leaves_list(kind: EventKind, value: float) -> bool:
    """Return whether a film with this event is no longer recommended."""
    return bool(_LEAVES[kind, int(value * 2)])


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
