"""Validation splits, cut from the training data: whole profiles, and people unseen in training with a few likes.

Two splits, by chance and by time: a fifth of the people leaves training altogether; of the others a fifth of the likes
is hidden (:mod:`data_jobs.evaluate.split`). Half of the people choose the weights, the other half judges the choice:
the best of many trials is partly the luckiest, so only people who did not choose can judge it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate import split
from data_jobs.evaluate.few_likes import cut, likes_in_words
from data_jobs.evaluate.held_out_people import HeldOutPerson, People, on_rows_of
from data_jobs.evaluate.protocol import Result, lists_of, result_of
from data_jobs.evaluate.ranking_models import PipelineModel
from data_jobs.evaluate.split import PER_PERSON, SplitKind
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import DataError, Progress, Silent
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline

STRANGERS = 0.2
"""Share of the people who leave training."""
FEW = (1, 3, 5)
LEAST_PEOPLE = 20
"""People of each half with whole profiles; fewer choose nothing but noise."""


@dataclass(frozen=True, slots=True, eq=False)
class ValidationGroup:
    """People of one kind, all on one bench. ``judges``: which cases judge rather than choose, bool[cases]."""

    name: str
    bench: Workbench
    cases: Sequence[HeldOutPerson]
    judges: NDArray[np.bool_]

    def half(self, judging: bool) -> list[HeldOutPerson]:
        """Return the cases that judge, or those that choose."""
        return [case for case, judges in zip(self.cases, self.judges.tolist(), strict=True) if judges is judging]


@dataclass(frozen=True, slots=True, eq=False)
class GroupResults:
    """One half of a group under some weights. ``worth`` float64[cases]: Recall@10 + NDCG@10."""

    group: str
    people: tuple[str, ...]
    result: Result

    @property
    def worth(self) -> NDArray[np.float64]:
        """Return what is to be made larger, float64[cases]."""
        return np.asarray(self.result.recall + self.result.ndcg)


def groups_of(training: Dataset, workshop: Workshop, seed: int, progress: Progress) -> list[ValidationGroup]:
    """Cut the validation splits and train a model for each. Raises DataError for too few people, TrainingError."""
    rng = np.random.default_rng(seed)
    people = len(training.events.user_ids)
    judges = dict(zip(training.events.user_ids, (rng.permutation(people) % 2 == 1).tolist(), strict=True))
    found = []
    for done, kind in enumerate(PER_PERSON):
        progress.advance("training on the validation splits", done, len(PER_PERSON))
        strangers = np.sort(rng.permutation(people)[: round(STRANGERS * people)])
        found += _groups(training, workshop, kind, strangers, judges, seed)
    progress.advance("training on the validation splits", len(PER_PERSON), len(PER_PERSON))
    return found


def _groups(
    training: Dataset,
    workshop: Workshop,
    kind: SplitKind,
    strangers: NDArray[np.intp],
    judges: dict[str, bool],
    seed: int,
) -> list[ValidationGroup]:
    known = split.without(training, np.isin(training.events.user, strangers))
    holdout = split.draw(known, kind, seed)
    bench = workshop.make(holdout.training)
    everybody = People(on_rows_of(bench.bundle.catalogue, training), bench.bundle.catalogue)
    cases = {f"whole profile, {kind}": bench.people.cases(holdout.relevant)}
    for likes in FEW:
        cases[f"{likes_in_words(likes)}, {kind}"] = cut(everybody, strangers.tolist(), likes, seed)
    found = [
        ValidationGroup(name, bench, mine, np.array([judges[case.profile.user_id or ""] for case in mine], bool))
        for name, mine in cases.items()
        if mine
    ]
    whole = found[0].judges
    if min(int(whole.sum()), int((~whole).sum())) < LEAST_PEOPLE:
        raise DataError(
            f"only {len(whole)} people have {split.MIN_LIKES} likes or more; at least {2 * LEAST_PEOPLE} are needed to "
            "choose weights by, so keep those that are set"
        )
    return found


def measured(groups: Sequence[ValidationGroup], weights: Weights, judging: bool) -> list[GroupResults]:
    """Rank for everyone of one half with these weights, as the API does by default."""
    found, pipelines = list[GroupResults](), dict[int, Pipeline]()
    for group in groups:
        cases = group.half(judging)
        if not cases:
            continue
        if id(group.bench) not in pipelines:
            pipelines[id(group.bench)] = Pipeline(group.bench.release, None, weights)
        bench = replace(group.bench, pipeline=pipelines[id(group.bench)])
        lists = lists_of(PipelineModel(bench), cases, Silent())
        people = tuple(case.profile.user_id or "" for case in cases)
        found.append(GroupResults(group.name, people, result_of(group.name, lists, cases, bench)))
    return found
