"""Run a comparison: resolve both sides, read the data, train what must be trained, and measure."""

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
    """Compare the sides of two names. Raises DataError, EncoderUnavailable, TrainingError, BundleError,
    PresetUnavailable.
    """
    a, b = _distinct([named(name, order) for name in names], names)
    params, weights = read_params(order.params)
    dataset, report = read_data(order, progress)
    holdout = holdout_of(order, dataset, report)
    vectors = vectors_of(order, dataset, progress)
    with tempfile.TemporaryDirectory(prefix="marquee-compare-") as folder:
        workshop = Workshop(Path(folder), params, weights, order.encoder, vectors, progress, order.queries)
        factory = Sides(workshop, holdout)
        return compare(factory.make(a), factory.make(b), holdout.relevant, holdout_name(order), progress)


def _distinct(sides: list[NamedSide], names: tuple[str, str]) -> list[NamedSide]:
    """Return the sides under distinct names. Raises DataError if they are the same."""
    a, b = sides
    if (a.path, a.params, a.weights, a.preset) == (b.path, b.params, b.weights, b.preset):
        raise DataError(f"--compare: {names[0]} and {names[1]} are the same; name two that differ")
    if a.name != b.name:
        return sides
    return [replace(side, name=name) for side, name in zip(sides, names, strict=True)]
