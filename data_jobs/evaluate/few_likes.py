"""Rank for people unseen in training who return with a few of their likes, with every model.

With 1, 3, 5 and 10 likes, drawn at random (smaller sets are subsets of larger ones); the other likes are to be found. A
person takes part with n likes if at least five remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.held_out_people import HeldOutPerson, People
from data_jobs.evaluate.protocol import Result, measure
from data_jobs.report import Progress

LIKES = (1, 3, 5, 10)
LEAST_LEFT = 5


@dataclass(frozen=True, slots=True, eq=False)
class FewLikes:
    """The people of one fold with so many likes known. ``results``: of the fold's models, in order."""

    likes: int
    fold: Fold
    cases: list[HeldOutPerson]
    results: tuple[Result, ...]


def few_likes(folds: Sequence[Fold], seed: int, progress: Progress, by_time: bool = False) -> list[FewLikes]:
    """Run every fold with every number of likes; ``by_time``: the first ones instead of a random draw."""
    results_by_likes = []
    for fold in folds:
        for likes in LIKES:
            cases = cut(fold.everybody, fold.codes, likes, seed, by_time)
            results = tuple(measure(model, cases, fold.bench, progress) for model in fold.models)
            results_by_likes.append(FewLikes(likes, fold, cases, results))
    return results_by_likes


def likes_in_words(likes: int) -> str:
    """ "1 like", "3 likes"."""
    return f"{likes} like{'s' if likes > 1 else ''}"


def cut(everybody: People, codes: Sequence[int], likes: int, seed: int, by_time: bool = False) -> list[HeldOutPerson]:
    """Return people (codes into ``user_ids``) with only so many likes known and their other likes to be found.

    ``by_time``: the first ones are known; ties are broken at random.
    """
    events, cases = everybody.dataset.events, []
    for code in codes:
        own = everybody.likes_of(code)
        if len(own) < likes + LEAST_LEFT:
            continue
        own = np.random.default_rng((seed, code)).permutation(own)
        if by_time:
            own = own[np.argsort(events.ts_ms[own], kind="stable")]
        profile = everybody.profile_of(events.user_ids[code], own[:likes])
        cases.append(HeldOutPerson(profile, events.film[own[likes:]].astype(np.int32)))
    return cases
