"""Stored profile of a person, how an event changes it, and the mark that an erased person leaves.

Pure: the state adapters call :func:`apply`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import (
    EXPLICIT,
    OPINIONS,
    Event,
    EventKind,
    History,
    is_disliked,
    leaves,
    leaves_list,
)

# Tolerated difference between clocks.
CLOCK_SKEW_MS = 300_000
NO_HASHES: NDArray[np.uint64] = np.empty(0, np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """``seen``: hashes (uint64, sorted) of every film that left the list, however long ago; ``disliked``: those of them
    that ``include_seen`` does not bring back. ``revision`` is an opaque token, changed at every write, empty for a
    person who was never stored. ``updated_at``: epoch ms.
    """

    user_id: str
    history: History = field(default_factory=History.empty)
    seen: NDArray[np.uint64] = field(default_factory=lambda: NO_HASHES)
    disliked: NDArray[np.uint64] = field(default_factory=lambda: NO_HASHES)
    revision: str = ""
    updated_at: int = 0


def mark_of(user_id: str) -> str:
    """Return the erasure mark of a person: 128 bits of BLAKE2b of the id, in hex. It recognises the id if it appears
    again and does not reveal it, but a guessed id can be verified, so it is not anonymous.
    """
    return hashlib.blake2b(user_id.encode("utf-8", "replace"), digest_size=16).hexdigest()


def apply(profile: Profile, event: Event) -> Profile:
    """Return the profile after an event; the store sets revision and updated_at.

    The film's earlier events may no longer be among the newest 1,000, so ``seen`` and ``disliked`` are updated by the
    event itself, not derived from the history.
    """
    history = profile.history.add(event)
    if history is profile.history:
        return profile  # superseded by a later event of the film
    film = np.uint64(hash_id(event.item_id))
    seen, disliked = profile.seen, profile.disliked
    if event.kind is EventKind.CLEAR:
        rest = history.of_film(event.item_id)  # events after the clear, which arrived late
        seen = _with(seen, film, bool(np.any(leaves(rest.kinds, rest.half_stars))))
        disliked = _with(disliked, film, False)
    elif leaves_list(event.kind, event.value):
        seen = _with(seen, film, True)
    if event.kind in OPINIONS:
        column = History.columns([event])
        disliked = _with(disliked, film, bool(is_disliked(column.kinds, column.half_stars)[0]))
    return replace(profile, history=history, seen=seen, disliked=disliked)


def by_arrival(profile: Profile, event: Event, now_ms: int) -> Event:
    """Return the event with its time raised to the film's latest time if that lies in the future: then the clock was
    ahead at that time or is behind now, and the event that arrives later is the later one. Events dated well in the
    past are left unchanged.
    """
    if event.ts_ms < now_ms - CLOCK_SKEW_MS:
        return event
    stored = profile.history.of_film(event.item_id).ts_ms
    latest = int(stored.max()) if len(stored) else 0
    return replace(event, ts_ms=latest) if latest > max(now_ms, event.ts_ms) else event


def replay(user_id: str, events: Iterable[Event]) -> Profile:
    """Return the profile of a whole log, as if its events were applied by time, then order; for bulk loads."""
    standing: dict[str, dict[EventKind, tuple[int, Event]]] = {}
    for arrival, event in enumerate(sorted(events, key=attrgetter("ts_ms"))):
        film = standing.setdefault(event.item_id, {})
        if event.kind is EventKind.CLEAR:
            film.clear()
        # Explicit events share a slot: the latest is the opinion.
        film[EventKind.CLEAR if event.kind in EXPLICIT else event.kind] = (arrival, event)
    latest = sorted(entry for film in standing.values() for entry in film.values())
    columns = History.columns([event for _, event in latest])
    return Profile(
        user_id,
        columns.newest(),
        distinct(columns.hashes[leaves(columns.kinds, columns.half_stars)]),
        distinct(columns.hashes[is_disliked(columns.kinds, columns.half_stars)]),
    )


def _with(hashes: NDArray[np.uint64], film: np.uint64, member: bool) -> NDArray[np.uint64]:
    """Return the sorted set with or without one film; the same object if nothing changes."""
    at = int(np.searchsorted(hashes, film))
    present = at < len(hashes) and hashes[at] == film
    if present == member:
        return hashes
    return np.insert(hashes, at, film) if member else np.delete(hashes, at)
