"""What the parts of an evaluation work with; whatever several of them need is made once."""

from dataclasses import dataclass
from functools import cached_property

from data_jobs.evaluate.evaluation import Order
from data_jobs.evaluate.folds import Fold, folds
from data_jobs.evaluate.split import Holdout
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import Progress


@dataclass(frozen=True, eq=False)
class Job:
    """``dataset``: all of the data. ``bench``: made from the holdout's training part. ``ridge``: lambda of plain
    EASE. Everything that a part draws is drawn by ``order.seed``.
    """

    order: Order
    dataset: Dataset
    holdout: Holdout
    workshop: Workshop
    bench: Workbench
    ridge: float
    progress: Progress

    @property
    def seed(self) -> int:
        """Seeds whatever is drawn."""
        return self.order.seed

    @cached_property
    def folds(self) -> list[Fold]:
        """Five models, each of which has not seen a fifth of the people."""
        return folds(self.dataset, self.workshop, self.ridge, self.seed, self.progress)
