"""Validation splits of the training data: whole profiles, and people unseen in training with a few likes.

Two splits, at random and by time: a fifth of the people is left out of training; of the others a fifth of the likes is
hidden (:mod:`data_jobs.evaluate.split`). Half of the people choose the weights, the other half judges the choice:
the best of many trials is partly luck, so only people who did not choose can judge it.
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

UNSEEN_SHARE = 0.2
"""Share of the people who are left out of training."""
FEW = (1, 3, 5)
LEAST_PEOPLE = 20
"""Least people with whole profiles per half; with fewer, the choice is noise."""


@dataclass(frozen=True, slots=True, eq=False)
class ValidationGroup:
    """People of one kind on one workbench. ``judges`` bool[cases]: True for cases that judge, False if they choose."""

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
        """Return the value to maximise, float64[cases]."""
        return np.asarray(self.result.recall + self.result.ndcg)


def groups_of(training: Dataset, workshop: Workshop, seed: int, progress: Progress) -> list[ValidationGroup]:
    """Cut the validation splits and train a model for each. Raises DataError for too few people, TrainingError."""
    rng = np.random.default_rng(seed)
    people = len(training.events.user_ids)
    judges = dict(zip(training.events.user_ids, (rng.permutation(people) % 2 == 1).tolist(), strict=True))
    groups = []
    for done, kind in enumerate(PER_PERSON):
        progress.advance("training on the validation splits", done, len(PER_PERSON))
        unseen = np.sort(rng.permutation(people)[: round(UNSEEN_SHARE * people)])
        groups += _groups(training, workshop, kind, unseen, judges, seed)
    progress.advance("training on the validation splits", len(PER_PERSON), len(PER_PERSON))
    return groups


def _groups(
    training: Dataset,
    workshop: Workshop,
    kind: SplitKind,
    unseen: NDArray[np.intp],
    judges: dict[str, bool],
    seed: int,
) -> list[ValidationGroup]:
    seen_part = split.without(training, np.isin(training.events.user, unseen))
    holdout = split.draw(seen_part, kind, seed)
    bench = workshop.make(holdout.training)
    all_people = People(on_rows_of(bench.bundle.catalogue, training), bench.bundle.catalogue)
    cases = {f"whole profile, {kind}": bench.people.cases(holdout.relevant)}
    for likes in FEW:
        cases[f"{likes_in_words(likes)}, {kind}"] = cut(all_people, unseen.tolist(), likes, seed)
    groups = [
        ValidationGroup(name, bench, people, np.array([judges[case.profile.user_id or ""] for case in people], bool))
        for name, people in cases.items()
        if people
    ]
    whole_profiles = groups[0].judges
    if min(int(whole_profiles.sum()), int((~whole_profiles).sum())) < LEAST_PEOPLE:
        raise DataError(
            f"only {len(whole_profiles)} people have {split.MIN_LIKES} likes or more; at least {2 * LEAST_PEOPLE} are "
            "needed to choose weights, so keep the current ones"
        )
    return groups


def measure(groups: Sequence[ValidationGroup], weights: Weights, judging: bool) -> list[GroupResults]:
    """Rank for all people of one half with these weights, as the API does by default."""
    results, pipelines = list[GroupResults](), dict[int, Pipeline]()
    for group in groups:
        cases = group.half(judging)
        if not cases:
            continue
        if id(group.bench) not in pipelines:
            pipelines[id(group.bench)] = Pipeline(group.bench.release, None, weights)
        bench = replace(group.bench, pipeline=pipelines[id(group.bench)])
        lists = lists_of(PipelineModel(bench), cases, Silent())
        people = tuple(case.profile.user_id or "" for case in cases)
        results.append(GroupResults(group.name, people, result_of(group.name, lists, cases, bench)))
    return results
