"""Holdouts: read from a file, or drawn from the data by the rule of the fixed holdouts.

The rule: for each person with 10 likes or more, a fifth of the likes (rounded) is held out. *random*: a random fifth;
a random fifth of the other ratings is removed from training. *time*: the newest fifth; every other rating later than
the first held-out like is removed. Otherwise the mask of rated films would reveal which films were rated later, and
would take every badly rated film out of the ranking.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_jobs.readers.files import read_table
from data_jobs.records import Dataset, Events
from data_jobs.report import DataError, Report
from services.recommender.domain.history import taste_weights

MIN_LIKES = 10
SHARE = 0.2
_COLUMNS = ("userId", "movieId", "kind")
_POSITIVE, _LOW = "positive", "low"

Mask = NDArray[np.bool_]


class SplitKind(StrEnum):
    """How a holdout is drawn."""

    RANDOM = "random"
    TIME = "time"
    GLOBAL = "global"


PER_PERSON = (SplitKind.RANDOM, SplitKind.TIME)
"""The splits drawn per person; ``moments`` has the split at one moment for all people."""


@dataclass(frozen=True, slots=True, eq=False)
class Holdout:
    """``training``: the data without the events held out. ``relevant``: user id -> held-out item ids, never empty."""

    training: Dataset
    relevant: dict[str, tuple[str, ...]]
    kind: SplitKind

    @property
    def likes(self) -> int:
        """Return the total number of held-out likes."""
        return sum(map(len, self.relevant.values()))


def liked(events: Events) -> Mask:
    """Return which events are likes: a rating of 4 stars or more, or an explicit like; bool[n]."""
    return np.asarray(taste_weights(events.kind, np.rint(events.value * 2).astype(np.uint8)) >= 1)


def draw(dataset: Dataset, kind: SplitKind, seed: int, min_likes: int = MIN_LIKES) -> Holdout:
    """Draw a holdout by the rule. Raises DataError if no person has enough likes."""
    events, likes = dataset.events, liked(dataset.events)
    rng = np.random.default_rng(seed)
    relevant, removed = np.zeros(len(events), bool), np.zeros(len(events), bool)
    for start, stop in spans(events):
        own = np.arange(start, stop)
        own_likes = own[likes[own]]
        if len(own_likes) < min_likes:
            continue
        hold = _random if kind is SplitKind.RANDOM else _newest
        chosen, others = hold(events, own_likes, own[~likes[own]], rng)
        relevant[chosen] = True
        removed[others] = True
    if not relevant.any():
        raise DataError(f"no person has {min_likes} likes or more, so nothing can be held out; give --holdout FILE")
    return _holdout(dataset, relevant, relevant | removed, kind)


def read(path: Path, dataset: Dataset, report: Report) -> Holdout:
    """Read a holdout from a file with the columns userId, movieId and kind ("positive" or "low").

    Raises DataError for an unusable file, an unknown kind, or if none of its likes is in this data.
    """
    table = read_table(path, report, _COLUMNS, ())
    kinds = set(table["kind"])
    if kinds - {_POSITIVE, _LOW}:
        unknown = sorted(kinds - {_POSITIVE, _LOW})[0]
        expected = f'"{_POSITIVE}" (held out) or "{_LOW}" (only removed from training)'
        raise DataError(f"{path}: kind {unknown!r}; expected {expected}")
    kind_of = dict(zip(zip(table["userId"], table["movieId"], strict=True), table["kind"], strict=True))
    events, films = dataset.events, dataset.films
    pairs = zip(events.user.tolist(), events.film.tolist(), strict=True)
    kind_of_pair = [kind_of.get((events.user_ids[user], films[film].item_id)) for user, film in pairs]
    relevant = np.array([kind == _POSITIVE for kind in kind_of_pair], bool)
    if not relevant.any():
        raise DataError(f"{path}: none of its likes is in this data; are its userId and movieId from this data set?")
    removed = np.array([kind is not None for kind in kind_of_pair], bool)
    return _holdout(dataset, relevant, removed, _kind_of(events, relevant, removed))


def without(dataset: Dataset, removed: Mask) -> Dataset:
    """Return the data without the ``removed`` events, bool[n]; user codes do not change."""
    events = dataset.events
    remaining = replace(
        events,
        user=events.user[~removed],
        film=events.film[~removed],
        kind=events.kind[~removed],
        value=events.value[~removed],
        ts_ms=events.ts_ms[~removed],
    )
    return replace(dataset, events=remaining)


def spans(events: Events) -> list[tuple[int, int]]:
    """Return (start, stop) of each person's events, in the order of ``user_ids``; events are sorted by person."""
    return list(pairwise(np.searchsorted(events.user, np.arange(len(events.user_ids) + 1)).tolist()))


def relevant_items(dataset: Dataset, relevant: Mask) -> dict[str, tuple[str, ...]]:
    """Return user id -> item ids of the events under a mask, in event order."""
    events, items_by_user = dataset.events, dict[str, list[str]]()
    for at in np.flatnonzero(relevant).tolist():
        items_by_user.setdefault(events.user_ids[events.user[at]], []).append(dataset.films[events.film[at]].item_id)
    return {user_id: tuple(items) for user_id, items in items_by_user.items()}


def _holdout(dataset: Dataset, relevant: Mask, removed: Mask, kind: SplitKind) -> Holdout:
    return Holdout(without(dataset, removed), relevant_items(dataset, relevant), kind)


Rows = NDArray[np.intp]


def _fifth(count: int) -> int:
    return max(1, round(SHARE * count))


def _random(events: Events, likes: Rows, others: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:  # noqa: ARG001
    low = rng.choice(others, round(SHARE * len(others)), replace=False)
    return rng.choice(likes, _fifth(len(likes)), replace=False), low


def _newest(events: Events, likes: Rows, others: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the newest fifth. Ties in time are broken at random, as sessions are often stored in the order of ids."""
    order = np.lexsort((rng.random(len(likes)), events.ts_ms[likes]))
    chosen = likes[order[-_fifth(len(likes)) :]]
    return chosen, others[events.ts_ms[others] > events.ts_ms[chosen].min()]


def _kind_of(events: Events, relevant: Mask, removed: Mask) -> SplitKind:
    """Return TIME if no held-out like is older than a like that the person keeps, else RANDOM."""
    remaining = liked(events) & ~removed
    newest = np.full(len(events.user_ids), np.iinfo(np.int64).min)
    np.maximum.at(newest, events.user[remaining], events.ts_ms[remaining])
    older = events.ts_ms[relevant] < newest[events.user[relevant]]
    return SplitKind.RANDOM if older.any() else SplitKind.TIME
