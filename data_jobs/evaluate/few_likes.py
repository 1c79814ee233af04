"""Rank with every model for people unseen in training, of whom only a few likes are known.

1, 3, 5 or 10 likes are drawn at random, smaller sets within larger ones; the other likes are hidden. A person takes
part with n likes if at least five remain hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.held_out_people import HeldOutPerson, People
from data_jobs.evaluate.protocol import Result, measure
from data_jobs.report import Progress

LIKES = (1, 3, 5, 10)
WHOLE_PROFILE = "whole profile"
"""Name of the tastes that are not cut to a few likes."""
MIN_HIDDEN = 5


@dataclass(frozen=True, slots=True, eq=False)
class FewLikes:
    """The people of one fold with ``likes`` likes known. ``results``: of the fold's models, in order."""

    likes: int
    fold: Fold
    cases: list[HeldOutPerson]
    results: tuple[Result, ...]


def few_likes(folds: Sequence[Fold], seed: int, progress: Progress, by_time: bool = False) -> list[FewLikes]:
    """Rank for every fold with every number of likes. ``by_time``: each person's first likes instead of random ones."""
    results_by_likes = []
    for fold in folds:
        for likes in LIKES:
            cases = cut(fold.people, fold.codes, likes, seed, by_time)
            results = tuple(measure(model, cases, fold.bench, progress) for model in fold.models)
            results_by_likes.append(FewLikes(likes, fold, cases, results))
    return results_by_likes


def likes_in_words(likes: int) -> str:
    """Return "1 like", "3 likes"."""
    return f"{likes} like{'s' if likes > 1 else ''}"


def cut(people: People, codes: Sequence[int], likes: int, seed: int, by_time: bool = False) -> list[HeldOutPerson]:
    """Return people (``codes`` into ``user_ids``) with ``likes`` likes known and their other likes hidden.

    ``by_time``: the first likes are known, ties broken at random.
    """
    events, cases = people.dataset.events, []
    for code in codes:
        likes_at = people.likes_of(code)
        if len(likes_at) < likes + MIN_HIDDEN:
            continue
        likes_at = np.random.default_rng((seed, code)).permutation(likes_at)
        if by_time:
            likes_at = likes_at[np.argsort(events.ts_ms[likes_at], kind="stable")]
        profile = people.profile_of(events.user_ids[code], likes_at[:likes])
        cases.append(HeldOutPerson(profile, events.film[likes_at[likes:]].astype(np.int32)))
    return cases
