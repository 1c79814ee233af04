"""Events, and their meaning for a person's taste.

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
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

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
