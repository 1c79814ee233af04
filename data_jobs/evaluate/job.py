"""The inputs shared by the parts of an evaluation; what several parts need is computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from data_jobs.evaluate.evaluation import EvaluationOrder
from data_jobs.evaluate.few_likes import FewLikes, few_likes
from data_jobs.evaluate.folds import Fold, folds
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.protocol import Result
from data_jobs.evaluate.split import Holdout
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import Progress


@dataclass(frozen=True, eq=False)
class Job:
    """``dataset``: all of the data. ``bench``: trained on the holdout's training part. ``ridge``: lambda of plain EASE.
    ``cases``: everyone with held-out likes. ``results``: the results by name of model. All random draws use
    ``order.seed``.
    """

    order: EvaluationOrder
    dataset: Dataset
    holdout: Holdout
    workshop: Workshop
    bench: Workbench
    ridge: float
    cases: list[HeldOutPerson]
    results: Mapping[str, Result]
    progress: Progress

    @property
    def seed(self) -> int:
        """Return the seed of all random draws."""
        return self.order.seed

    @cached_property
    def few_likes(self) -> list[FewLikes]:
        """Return the results of the folds' models for people unseen in training, of whom a few likes are known."""
        return few_likes(self.folds, self.seed, self.progress)

    @cached_property
    def folds(self) -> list[Fold]:
        """Return five folds, each with models trained without a fifth of the people."""
        return folds(self.dataset, self.workshop, self.ridge, self.seed, self.progress)
