"""Five folds over all people, each with a model trained without the people of the fold."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_jobs.evaluate.held_out_people import People, on_rows_of
from data_jobs.evaluate.ranking_models import Ease, MostLiked, PipelineModel
from data_jobs.evaluate.split import without
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import Progress

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Fold:
    """``codes``: the people held out from training, as codes into ``user_ids``. ``people``: all people with all
    their events, films in the row order of ``bench``.
    """

    bench: Workbench
    people: People
    codes: tuple[int, ...]
    ridge: float

    @cached_property
    def models(self) -> tuple[PipelineModel, MostLiked, Ease]:
        """Return the pipeline (diversity 0), popularity and plain EASE."""
        return PipelineModel(self.bench, 0.0), MostLiked(self.bench), Ease(self.bench, self.ridge)


def folds(dataset: Dataset, workshop: Workshop, ridge: float, seed: int, progress: Progress) -> list[Fold]:
    """Make all folds; each person is in one of them. ``ridge``: lambda of plain EASE. Raises TrainingError,
    BundleError.
    """
    fold = np.random.default_rng(seed).permutation(len(dataset.events.user_ids)) % FOLDS
    made_folds = []
    for number in range(FOLDS):
        progress.advance("people unseen in training, folds", number, FOLDS)
        bench = workshop.make(without(dataset, fold[dataset.events.user] == number))
        people = People(on_rows_of(bench.bundle.catalogue, dataset), bench.bundle.catalogue)
        made_folds.append(Fold(bench, people, tuple(np.flatnonzero(fold == number).tolist()), ridge))
    progress.advance("people unseen in training, folds", FOLDS, FOLDS)
    return made_folds
