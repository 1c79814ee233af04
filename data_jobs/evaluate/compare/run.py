"""Run a comparison: name both sides, read, train what has to be trained, ask, measure."""

import tempfile
from dataclasses import replace
from pathlib import Path

from data_jobs.build import read_params
from data_jobs.evaluate.compare.comparison import Comparison
from data_jobs.evaluate.compare.measure import compare
from data_jobs.evaluate.compare.sides import NamedSide, Sides, named
from data_jobs.evaluate.evaluation import EvaluationOrder
from data_jobs.evaluate.inputs import holdout_name, holdout_of, read_data, vectors_of
from data_jobs.evaluate.workbench import Workshop
from data_jobs.report import DataError, Progress


def run(order: EvaluationOrder, names: tuple[str, str], progress: Progress) -> Comparison:
    """Compare the sides of these names. Raises DataError, EncoderUnavailable, TrainingError, BundleError,
    PresetUnavailable.
    """
    a, b = _distinct([named(name, order) for name in names], names)
    params, weights = read_params(order.params)
    dataset, report = read_data(order, progress)
    holdout = holdout_of(order, dataset, report)
    vectors = vectors_of(order, dataset, progress)
    with tempfile.TemporaryDirectory(prefix="marquee-compare-") as folder:
        workshop = Workshop(Path(folder), params, weights, order.encoder, vectors, progress, order.queries)
        sides = Sides(workshop, holdout)
        return compare(sides.make(a), sides.make(b), holdout.relevant, holdout_name(order), progress)


def _distinct(found: list[NamedSide], names: tuple[str, str]) -> list[NamedSide]:
    """Refuse to compare a side with itself, and distinguish files of the same name. Raises DataError."""
    a, b = found
    if (a.path, a.params, a.weights, a.preset) == (b.path, b.params, b.weights, b.preset):
        raise DataError(f"--compare: {names[0]} and {names[1]} are the same; name two that differ")
    if a.name != b.name:
        return found
    return [replace(side, name=name) for side, name in zip(found, names, strict=True)]
