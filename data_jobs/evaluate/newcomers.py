"""Newcomers: people the model has never seen, of whom only a few likes are known.

Five folds over all people. The people of a fold leave the training altogether; then each comes back with 1, 3, 5
and 10 of their likes, drawn at random (fewer are part of more), and the rest of the likes is to be found. Somebody
takes part with n likes if at least five remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.models import Ease, Popularity, Served
from data_jobs.evaluate.people import Case, People, on_rows_of
from data_jobs.evaluate.protocol import Result, difference, joined, measure
from data_jobs.evaluate.split import liked, spans, without
from data_jobs.evaluate.workbench import Workshop
from data_jobs.records import Dataset
from data_jobs.report import Progress

FOLDS = 5
LIKES = (1, 3, 5, 10)
LEAST_LEFT = 5


@dataclass(frozen=True, slots=True)
class Newcomer:
    """With ``likes`` likes known. ``recall``, ``ndcg``: model -> figure; ``ahead``, ``ahead_of_ease``: NDCG@10 of
    the pipeline less that of popularity or plain EASE, with the paired standard error.
    """

    likes: int
    people: int
    recall: dict[str, Estimate]
    ndcg: dict[str, Estimate]
    ahead: Estimate
    ahead_of_ease: Estimate


def newcomers(dataset: Dataset, workshop: Workshop, ridge: float, seed: int, progress: Progress) -> list[Newcomer]:
    """One entry a number of likes. ``ridge``: lambda of plain EASE. Raises TrainingError, BundleError."""
    fold = np.random.default_rng(seed).permutation(len(dataset.events.user_ids)) % FOLDS
    found: dict[int, list[list[Result]]] = {likes: [] for likes in LIKES}
    for number in range(FOLDS):
        progress.advance("newcomers, folds", number, FOLDS)
        bench = workshop.make(without(dataset, fold[dataset.events.user] == number))
        models = (Served(bench, 0.0), Popularity(bench.bundle), Ease(bench, ridge))
        everybody = People(on_rows_of(bench.bundle.catalogue, dataset), bench.bundle.catalogue)
        for likes in LIKES:
            cases = cut(everybody, np.flatnonzero(fold == number).tolist(), likes, seed)
            found[likes].append([measure(model, cases, bench, progress) for model in models])
    progress.advance("newcomers, folds", FOLDS, FOLDS)
    return [_joined(likes, results) for likes, results in found.items()]


def cut(everybody: People, codes: Sequence[int], likes: int, seed: int) -> list[Case]:
    """People (codes into ``user_ids``) with only so many likes known and the rest of their likes to be found."""
    events = everybody.dataset.events
    is_like, bounds, cases = liked(events), spans(events), []
    for code in codes:
        start, stop = bounds[code]
        mine = start + np.flatnonzero(is_like[start:stop])
        if len(mine) < likes + LEAST_LEFT:
            continue
        mine = np.random.default_rng((seed, code)).permutation(mine)
        profile = everybody.profile_of(events.user_ids[code], mine[:likes])
        cases.append(Case(profile, events.film[mine[likes:]].astype(np.int32)))
    return cases


def _joined(likes: int, folds: list[list[Result]]) -> Newcomer:
    """The folds together: everybody is in one of them."""
    served, popular, ease = (joined(parts) for parts in zip(*folds, strict=True))
    models = (served, popular, ease)
    return Newcomer(
        likes,
        len(served.ndcg),
        {model.model: Estimate.of(model.recall) for model in models},
        {model.model: Estimate.of(model.ndcg) for model in models},
        difference(served, popular).ndcg,
        difference(served, ease).ndcg,
    )
