"""Measure the figures of the quality gate and compare them with their floors.

The sample catalogue and its simulated viewers are in the repository and never change, so a figure changes only if the
code does. The allowed drop is its noise: the standard deviation over equivalent variants of the ranking, in which every
weight is up to 5 % off. A floor is three standard deviations below the figure measured when the floor was written; a
harmless reordering of films stays above it, a broken signal does not.

The viewers are simulated, so the floors show whether the recommender still works, not how good it is.
"""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import DEFAULT, PIPELINE, Evaluation, EvaluationOrder
from data_jobs.evaluate.report import figures
from data_jobs.evaluate.runner import evaluate
from data_jobs.report import DataError, Silent
from services.recommender.domain.weights import Weights

SEED = 1
NOISES = 3.0
"""Number of noises by which a figure may be below the measured one."""
OFF, VARIANTS = 0.05, 12
_ROUNDING = 5e-5
"""Floors are written with four decimals."""
_UNVARIED = ("score_midpoint", "score_scale")
"""Weights that only change how a score is shown."""

FigureKey = tuple[str, str, str]
"""Part, model, metric."""

WATCHED: tuple[FigureKey, ...] = (
    ("models", DEFAULT, "recall"),
    ("models", DEFAULT, "ndcg"),
    ("models", DEFAULT, "coverage"),
    ("models", DEFAULT, "diversity"),
    *(("newcomers", PIPELINE, f"ndcg, {likes} likes") for likes in (1, 3, 5, 10)),
    *(("focused", PIPELINE, f"share, {kind}") for kind in ("director", "genre", "decade", "language")),
    ("series", PIPELINE, "second"),
    ("similar", PIPELINE, "series"),
    ("similar", PIPELINE, "colikes"),
)
PARTS = frozenset(part for part, _, _ in WATCHED) - {"models"}


@dataclass(frozen=True, slots=True)
class Floor:
    """``measured``: the figure when the floor was written; ``noise``: its deviation over equivalent variants."""

    part: str
    model: str
    metric: str
    measured: float
    noise: float

    @property
    def least(self) -> float:
        """Return the lowest allowed figure."""
        return self.measured - NOISES * self.noise - _ROUNDING


@dataclass(frozen=True, slots=True)
class FloorCheck:
    """A floor and the current figure."""

    floor: Floor
    value: float

    @property
    def met(self) -> bool:
        """Return whether the figure is not below its floor."""
        return self.value >= self.floor.least

    def __str__(self) -> str:
        floor = self.floor
        current = f"{floor.part:<10} {floor.metric:<16} {self.value:.4f}  floor {floor.least:.4f}"
        return f"{current}  (was {floor.measured:.4f}, noise {floor.noise:.4f})  {'ok' if self.met else 'TOO LOW'}"


def floors() -> list[Floor]:
    """Return the floors of ``floors.toml``."""
    text = (files("data_jobs.evaluate.gate") / "floors.toml").read_text("utf-8")
    return [Floor(**each) for each in tomllib.loads(text)["floor"]]


def measure(home: Path, parts: frozenset[str] = PARTS, weights: Weights | None = None) -> Evaluation:
    """Evaluate the sample catalogue without text vectors. ``home``: for temporary files. ``weights``: instead of the
    default ones. Raises TrainingError, BundleError.
    """
    params = None
    if weights is not None:
        params = home / "params.json"
        params.write_text(json.dumps({"weights": weights.to_json()}), encoding="utf-8")
    return evaluate(EvaluationOrder(home, seed=SEED, parts=parts, params=params), Silent())


def check(evaluation: Evaluation, expected: Sequence[Floor]) -> list[FloorCheck]:
    """Compare an evaluation with floors. Raises DataError for a figure that is no longer measured."""
    current = values(evaluation)
    for floor in expected:
        if (floor.part, floor.model, floor.metric) not in current:
            raise DataError(
                f"floors.toml: {floor.part}, {floor.model}, {floor.metric} is not measured; if it was renamed, run "
                "`python -m data_jobs.evaluate.gate --derive`"
            )
    return [FloorCheck(floor, current[floor.part, floor.model, floor.metric]) for floor in expected]


def values(evaluation: Evaluation) -> dict[FigureKey, float]:
    """Return every figure by part, model and metric."""
    return {
        (part, model, metric): value.mean if isinstance(value, Estimate) else value
        for part, model, metric, value in figures(evaluation)
    }


def variants(count: int = VARIANTS) -> Iterator[Weights]:
    """Yield weights that are each up to 5 % off."""
    rng = np.random.default_rng(SEED)
    usual = {name: value for name, value in asdict(Weights()).items() if isinstance(value, float)}
    for _ in range(count):
        off = {
            name: value * float(rng.uniform(1 - OFF, 1 + OFF)) for name, value in usual.items() if name not in _UNVARIED
        }
        yield Weights.from_json(off)


def derive(home: Path) -> list[Floor]:
    """Return new floors: the current figures and their noise. Takes 13 evaluations."""
    current = values(measure(home))
    varied = [values(measure(home, weights=weights)) for weights in variants()]
    return [Floor(*key, current[key], float(np.std([variant[key] for variant in varied], ddof=1))) for key in WATCHED]


def to_toml(new_floors: Sequence[Floor]) -> str:
    """Return floors as the text of ``floors.toml``."""
    head = (
        f"# What the quality gate measured, and its noise: one standard deviation over {VARIANTS} variants of the\n"
        f"# ranking in which every weight is up to {OFF:.0%} off. A figure more than {NOISES:g} of them below fails\n"
        "# `make gate` and the tests. Written by `python -m data_jobs.evaluate.gate --derive`; a commit that writes\n"
        "# it says why a figure may be lower than it was.\n"
    )
    entries = (
        f'[[floor]]\npart = "{floor.part}"\nmodel = "{floor.model}"\nmetric = "{floor.metric}"\n'
        f"measured = {floor.measured:.4f}\nnoise = {floor.noise:.4f}\n"
        for floor in new_floors
    )
    return "\n".join([head, *entries])
