"""Search the ranking's weights on validation splits, and judge the best by people who did not choose them."""

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
from data_jobs.tuning.validation import GroupResults, ValidationGroup, groups_of, measure
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
    """One group of the people who judge: NDCG@10 with the weights in use, with the best, and the difference."""

    group: str
    before: float
    after: float
    gain: Interval


@dataclass(frozen=True, slots=True)
class Tuned:
    """The result. ``best``: the trial of the largest worth. ``chosen_by``: its margin among the people who chose it,
    which luck inflates; ``judged_by``: among the judging half. ``diversity``: intra-list diversity before and after,
    in the judging half.
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
        """Return whether the best trial is significantly better for the judging half."""
        return self.judged_by.low > 0


def tune(order: EvaluationOrder, tuning: TuningOrder, progress: Progress) -> Tuned:
    """Search the weights without the holdout of the order, if any. Raises DataError, TrainingError, BundleError."""
    params, base = read_params(order.params)
    space = space_of(tuning.names, base)
    dataset, report = read_data(order, progress)
    training = dataset if order.holdout is None else split.read(order.holdout, dataset, report).training
    vectors = vectors_of(order, training, progress)
    with tempfile.TemporaryDirectory(prefix="marquee-tune-") as folder:
        workshop = Workshop(Path(folder), params, base, order.encoder, vectors, progress, order.queries)
        groups = groups_of(training, workshop, order.seed, progress)
        name = f"{order.holdout.stem if order.holdout else 'all'}_seed-{order.seed}"
        sweep = Sweep(
            tuning.folder / f"sweep_{name}.csv",
            _setup(training, groups, base, space, order.seed),
            space,
            [group.name for group in groups if group.half(judging=False)],
        )
        if tuning.fresh:
            sweep.path.unlink(missing_ok=True)
        trials, resumed = _search(sweep, groups, base, space, tuning.trials, order.seed, progress)
        return _judge(name, sweep, groups, base, params, trials, resumed)


def _setup(training: Dataset, groups: Sequence[ValidationGroup], base: Weights, space: Space, seed: int) -> str:
    """Return a hash of everything that affects a trial's figures, except its values."""
    inputs = [
        sorted(training.sources), len(training.films), len(training.events), seed, base.to_json(),
        {name: [bounds.low, bounds.high, bounds.log] for name, bounds in space.items()},
        [[group.name, len(group.cases), group.bench.bundle.version] for group in groups],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:12]


def _search(
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
    baseline = measure(groups, base, judging=False)
    progress.advance("trying weights", len(trials), count)
    while len(trials) < count:
        started = time.monotonic()
        values = propose(trials, space, seed) if trials else values_of(base, space)
        results = measure(groups, with_values(base, values), judging=False) if trials else baseline
        figures = {group.group: float(group.result.ndcg.mean()) for group in results}
        seconds = time.monotonic() - started
        trials.append(WeightsTrial(len(trials), values, worth(results, baseline), variety(results), figures, seconds))
        sweep.add(trials[-1])
        progress.advance("trying weights", len(trials), count)
    return trials, resumed


def _judge(
    name: str,
    sweep: Sweep,
    groups: Sequence[ValidationGroup],
    base: Weights,
    params: TrainParams,
    trials: list[WeightsTrial],
    resumed: int,
) -> Tuned:
    """Judge the best trial by the other half, and write its weights."""
    best = max(trials, key=lambda trial: trial.worth)
    weights = with_values(base, best.values)
    path = sweep.path.with_name(f"weights_{name}.json")
    path.write_text(json.dumps(_file_of(params, weights), indent=1) + "\n", encoding="utf-8")
    choosing, judging = ((measure(groups, base, half), measure(groups, weights, half)) for half in (False, True))
    return Tuned(
        name=name,
        people=len({person for group in (*choosing[0], *judging[0]) for person in group.people}),
        trials=tuple(trials),
        resumed=resumed,
        best=best,
        changed={
            weight: (float(getattr(base, weight)), value)
            for weight, value in best.values.items()
            if value != float(getattr(base, weight))
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
    changed = {
        part: {name: value for name, value in chosen.items() if value != default[name]}
        for part, (chosen, default) in parts.items()
    }
    return {part: values for part, values in changed.items() if values or part == "weights"}


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
            {"group": group.group, "before": group.before, "after": group.after, "gain": _interval(group.gain)}
            for group in tuned.groups
        ],
        "diversity": {"before": tuned.diversity[0], "after": tuned.diversity[1]},
        "better": tuned.better,
        "sweep": str(tuned.sweep),
        "weights": str(tuned.weights),
    }


def _interval(interval: Interval) -> dict[str, float]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high, "people": interval.n}
