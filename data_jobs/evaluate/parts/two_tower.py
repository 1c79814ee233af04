"""Measure the two-tower model alone, with each loss, next to popularity and plain EASE.

It is trained on the training part, of which hidden likes decide when to stop, and scored in numpy as on a server.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.inputs import is_small
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.protocol import Row, measure, row_of
from data_jobs.evaluate.ranking_models import Ease, Mask, MostLiked, Rows, best_unseen
from data_jobs.evaluate.split import SplitKind
from data_jobs.two_tower.params import Loss, TowerParams
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.profile import Profile
from services.recommender.domain.two_tower_model import TwoTowerModel
from services.recommender.taste.fold_in import fold_in

NAMES = {Loss.SOFTMAX: "two-tower, softmax + logQ", Loss.TRIPLET: "two-tower, triplet"}
LEAST_RECALL = 0.150
"""Minimum Recall@10 of the default loss on the fixed random holdout of ml-latest-small."""


class TwoTowerRanker:
    """A two-tower model over the films of a bundle, in row order."""

    def __init__(self, name: str, bundle: Bundle, towers: TwoTowerModel) -> None:
        self.name = name
        self._bundle = bundle
        self._towers = towers

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`data_jobs.evaluate.ranking_models.RankingModel`."""
        taste = fold_in(self._bundle.catalogue, profile.history)
        scores = self._towers.scores(self._towers.person(taste.rows, taste.base))
        return best_unseen(self._bundle, np.asarray(scores, np.float32), profile, k, among)


@dataclass(frozen=True, slots=True)
class LossTrial:
    """One loss: its figures and its training. ``validation``: Recall@10 of likes hidden inside the training part."""

    row: Row
    epochs: int
    validation: float


@dataclass(frozen=True, slots=True)
class TwoTowerOutcome(Outcome):
    """``trials`` by loss; ``barred``: whether the absolute bar applies to this data."""

    trials: dict[str, LossTrial]
    barred: bool

    def tables(self) -> Iterable[Table]:
        """Yield one row per loss."""
        note = "Validation: Recall@10 of a fifth of the likes in the training part, which chose the number of epochs."
        headings = ("model", "Recall@10", "NDCG@10", "coverage@10", "diversity", "minus popularity", "minus plain EASE",
                    "epochs", "validation")  # fmt: skip
        yield Table("Two towers, alone", headings, [_line(trial) for trial in self.trials.values()], (note,))

    def figures(self) -> Iterator[Figure]:
        """Yield the figures of each loss."""
        for trial in self.trials.values():
            row = trial.row
            yield row.model, "recall@10", row.recall
            yield row.model, "ndcg@10", row.ndcg
            yield row.model, "coverage@10", row.coverage
            yield row.model, "validation recall@10", trial.validation

    def bars(self) -> Iterator[Bar]:
        """Yield the absolute bar, and that the default loss is not worse by validation."""
        softmax, triplet = (self.trials[loss] for loss in (Loss.SOFTMAX, Loss.TRIPLET))
        if self.barred:
            recall = softmax.row.recall.mean
            target = f">= {LEAST_RECALL:.3f}"
            yield Bar("two-tower, Recall@10", target, f"{recall:.3f}", recall >= LEAST_RECALL)
        better = softmax.validation >= triplet.validation
        yield Bar("two-tower, softmax against triplet by validation", "not below", f"{softmax.validation:.3f} against "
                  f"{triplet.validation:.3f}", better)  # fmt: skip

    def panels(self) -> Iterator[Panel]:
        """Yield the recall of both losses."""
        yield Panel(
            "Two towers: Recall@10", [(trial.row.model, trial.row.recall, True) for trial in self.trials.values()]
        )


def part(job: Job) -> TwoTowerOutcome:
    """Train with both losses on the training part and measure them; needs PyTorch. Raises TrainingError."""
    from data_jobs.two_tower.files import exported
    from data_jobs.two_tower.job import train_on

    bench = job.bench
    item_ids = [film.item_id for film in bench.dataset.films]
    baselines = [job.results[MostLiked.name], job.results[Ease.name]]
    trials = {}
    for loss, name in NAMES.items():
        trained, _ = train_on(bench.dataset, TowerParams.of(loss, seed=job.seed), job.progress)
        model = TwoTowerRanker(name, bench.bundle, exported(trained, item_ids).on(bench.bundle.catalogue))
        row = row_of(measure(model, job.cases, bench, job.progress), baselines)
        trials[str(loss)] = LossTrial(row, trained.curve.best.number, trained.curve.best.recall)
    return TwoTowerOutcome(trials, _is_barred(job))


def _is_barred(job: Job) -> bool:
    return job.order.holdout is not None and is_small(job.dataset) and job.holdout.kind is SplitKind.RANDOM


def _line(trial: LossTrial) -> tuple[str, ...]:
    row = trial.row
    return (
        row.model, f"{row.recall}", f"{row.ndcg}", f"{row.coverage:.1%}", f"{row.diversity}",
        *(_signed(row.against[name].recall) for name in (MostLiked.name, Ease.name)),
        str(trial.epochs), f"{trial.validation:.3f}",
    )  # fmt: skip


def _signed(difference: Estimate) -> str:
    return f"{difference.mean:+.3f} ± {difference.se:.3f}"
