"""Search the ranking's weights on validation splits, and judge the winner by people who did not choose it."""

import hashlib
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_jobs.build import read_params
from data_jobs.evaluate import split
from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.evaluation import EvaluationOrder
from data_jobs.evaluate.inputs import read_data, vectors_of
from data_jobs.evaluate.workbench import Workshop
from data_jobs.records import Dataset
from data_jobs.report import Progress
from data_jobs.train import TrainParams
from data_jobs.tuning.search import propose
from data_jobs.tuning.space import Space, space_of, values_of, with_values
from data_jobs.tuning.sweep import Sweep, WeightsTrial
from data_jobs.tuning.validation import GroupResults, ValidationGroup, groups_of, measured
from data_jobs.tuning.worth import margin, variety, worth
from services.recommender.domain.weights import Weights


@dataclass(frozen=True, slots=True)
class TuningOrder:
    """``trials``: total number, including the weights in use; ``names`` of weights, all if empty; ``folder`` for the
    results; ``fresh``: start over.
    """

    trials: int = 100
    names: tuple[str, ...] = ()
    folder: Path = Path("artifacts/eval")
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class JudgedGroup:
    """One group of the people who judge: NDCG@10 with the weights in use, with the winner, and the difference."""

    group: str
    before: float
    after: float
    gain: Interval


@dataclass(frozen=True, slots=True)
class Tuned:
    """``best``: the trial of the largest worth. ``chosen_by``: its margin among the people who chose it, which luck
    inflates; ``judged_by``: among the others. ``diversity``: intra-list diversity before and after, among the others.
    """

    name: str
    people: int
    trials: tuple[WeightsTrial, ...]
    resumed: int
    best: WeightsTrial
    changed: dict[str, tuple[float, float]]
    chosen_by: Interval
    judged_by: Interval
    groups: tuple[JudgedGroup, ...]
    diversity: tuple[float, float]
    sweep: Path
    weights: Path

    @property
    def better(self) -> bool:
        """Return whether people who did not choose the winner find it better, beyond chance."""
        return self.judged_by.low > 0


def tune(order: EvaluationOrder, wanted: TuningOrder, progress: Progress) -> Tuned:
    """Search. The holdout of the order, if any, is left out. Raises DataError, TrainingError, BundleError."""
    params, base = read_params(order.params)
    space = space_of(wanted.names, base)
    dataset, report = read_data(order, progress)
    training = dataset if order.holdout is None else split.read(order.holdout, dataset, report).training
    vectors = vectors_of(order, training, progress)
    with tempfile.TemporaryDirectory(prefix="marquee-tune-") as folder:
        workshop = Workshop(Path(folder), params, base, order.encoder, vectors, progress, order.queries)
        groups = groups_of(training, workshop, order.seed, progress)
        name = f"{order.holdout.stem if order.holdout else 'all'}_seed-{order.seed}"
        sweep = Sweep(
            wanted.folder / f"sweep_{name}.csv",
            _setup(training, groups, base, space, order.seed),
            space,
            [group.name for group in groups if group.half(judging=False)],
        )
        if wanted.fresh:
            sweep.path.unlink(missing_ok=True)
        trials, resumed = _searched(sweep, groups, base, space, wanted.trials, order.seed, progress)
        return _judged(name, sweep, groups, base, params, trials, resumed)


def _setup(training: Dataset, groups: Sequence[ValidationGroup], base: Weights, space: Space, seed: int) -> str:
    """Return a hash of everything that affects a trial's figures, except its values."""
    told = [
        sorted(training.sources), len(training.films), len(training.events), seed, base.to_json(),
        {name: [bounds.low, bounds.high, bounds.log] for name, bounds in space.items()},
        [[group.name, len(group.cases), group.bench.bundle.version] for group in groups],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def _searched(
    sweep: Sweep,
    groups: Sequence[ValidationGroup],
    base: Weights,
    space: Space,
    count: int,
    seed: int,
    progress: Progress,
) -> tuple[list[WeightsTrial], int]:
    """Return all trials, the weights in use first, and how many of them came from the file."""
    trials = sweep.read()
    resumed = len(trials)
    today = measured(groups, base, judging=False)
    progress.advance("trying weights", len(trials), count)
    while len(trials) < count:
        started = time.monotonic()
        values = propose(trials, space, seed) if trials else values_of(base, space)
        found = measured(groups, with_values(base, values), judging=False) if trials else today
        figures = {each.group: float(each.result.ndcg.mean()) for each in found}
        took = time.monotonic() - started
        trials.append(WeightsTrial(len(trials), values, worth(found, today), variety(found), figures, took))
        sweep.add(trials[-1])
        progress.advance("trying weights", len(trials), count)
    return trials, resumed


def _judged(
    name: str,
    sweep: Sweep,
    groups: Sequence[ValidationGroup],
    base: Weights,
    params: TrainParams,
    trials: list[WeightsTrial],
    resumed: int,
) -> Tuned:
    """Judge the winner by the other half, and write its weights."""
    best = max(trials, key=lambda trial: trial.worth)
    weights = with_values(base, best.values)
    path = sweep.path.with_name(f"weights_{name}.json")
    path.write_text(json.dumps(_file_of(params, weights), indent=1) + "\n", encoding="utf-8")
    choosing, judging = ((measured(groups, base, half), measured(groups, weights, half)) for half in (False, True))
    return Tuned(
        name=name,
        people=len({person for each in (*choosing[0], *judging[0]) for person in each.people}),
        trials=tuple(trials),
        resumed=resumed,
        best=best,
        changed={
            each: (float(getattr(base, each)), value)
            for each, value in best.values.items()
            if value != float(getattr(base, each))
        },
        chosen_by=margin(choosing[1], choosing[0]),
        judged_by=margin(judging[1], judging[0]),
        groups=tuple(_group(*pair) for pair in zip(*judging, strict=True)),
        diversity=(variety(judging[0]), variety(judging[1])),
        sweep=sweep.path,
        weights=path,
    )


def _group(before: GroupResults, after: GroupResults) -> JudgedGroup:
    gain = Interval.of(after.result.ndcg - before.result.ndcg)
    return JudgedGroup(before.group, float(before.result.ndcg.mean()), float(after.result.ndcg.mean()), gain)


def _file_of(params: TrainParams, weights: Weights) -> dict[str, Any]:
    """Return the content for ``--params`` of build and evaluate: the values that differ from the defaults."""
    parts = {
        "train": (params.to_json(), TrainParams().to_json()),
        "weights": (weights.to_json(), Weights().to_json()),
    }
    found = {
        part: {name: value for name, value in mine.items() if value != default[name]}
        for part, (mine, default) in parts.items()
    }
    return {part: values for part, values in found.items() if values or part == "weights"}


def document(tuned: Tuned) -> dict[str, Any]:
    """Return everything except the trials, which are in the file, as one JSON object."""
    return {
        "name": tuned.name,
        "people": tuned.people,
        "trials": len(tuned.trials),
        "resumed": tuned.resumed,
        "best": {"trial": tuned.best.number, "worth": tuned.best.worth, "values": dict(tuned.best.values)},
        "changed": {name: {"from": old, "to": new} for name, (old, new) in tuned.changed.items()},
        "margin": {"chosen_by": _interval(tuned.chosen_by), "judged_by": _interval(tuned.judged_by)},
        "groups": [
            {"group": each.group, "before": each.before, "after": each.after, "gain": _interval(each.gain)}
            for each in tuned.groups
        ],
        "diversity": {"before": tuned.diversity[0], "after": tuned.diversity[1]},
        "better": tuned.better,
        "sweep": str(tuned.sweep),
        "weights": str(tuned.weights),
    }


def _interval(found: Interval) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "people": found.n}
