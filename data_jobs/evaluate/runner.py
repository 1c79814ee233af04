"""Run an evaluation: data, holdout, training, model comparison, then the requested parts."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from data_jobs.build import read_params
from data_jobs.evaluate import split
from data_jobs.evaluate.evaluation import DEFAULT, DIVERSE, PIPELINE, SVD_PRESET, Evaluation, EvaluationOrder, Setting
from data_jobs.evaluate.inputs import holdout_name, holdout_of, is_small, read_data, vectors_of
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.plain_ease import GRID, tuned_ridge
from data_jobs.evaluate.protocol import Result, Row, measure, row_of
from data_jobs.evaluate.ranking_models import (
    BaselinePreset,
    ContentModel,
    Ease,
    MostLiked,
    PipelineModel,
    PureSvd,
    RankingModel,
)
from data_jobs.evaluate.registry import PARTS
from data_jobs.evaluate.split import PER_PERSON, Holdout
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import Progress
from services.recommender.domain.request import Preset

INNER_LIKES = 5
"""Minimum likes of a person in the split that chooses lambda of plain EASE."""


def evaluate(order: EvaluationOrder, progress: Progress) -> Evaluation:
    """Run an evaluation. Raises DataError, EncoderUnavailable, TrainingError, BundleError."""
    seconds: dict[str, float] = {}
    params, weights = read_params(order.params)
    with _timed(seconds, "reading"):
        dataset, report = read_data(order, progress)
        holdout = holdout_of(order, dataset, report)
    with _timed(seconds, "embedding"):
        vectors = vectors_of(order, dataset, progress)
    with tempfile.TemporaryDirectory(prefix="marquee-evaluate-") as folder:
        workshop = Workshop(Path(folder), params, weights, order.encoder, vectors, progress, order.queries)
        with _timed(seconds, "training"):
            bench = workshop.make(holdout.training)
            ridge = _ease_ridge(holdout.training, order.seed, progress)
        with _timed(seconds, "models"):
            cases = bench.people.cases(holdout.relevant)
            results = {model.name: measure(model, cases, bench, progress) for model in _models(bench, ridge)}
        setting = _setting(order, dataset, holdout, bench, ridge)
        evaluation = Evaluation(setting, _rows(results), seconds=seconds)
        job = Job(order, dataset, holdout, workshop, bench, ridge, cases, results, progress)
        for part in PARTS:
            if part.name in order.parts:
                with _timed(seconds, part.name):
                    evaluation.parts[part.name] = part.run(job)
    return evaluation


def _models(bench: Workbench, ridge: float) -> list[RankingModel]:
    """Return all models to compare."""
    models: list[RankingModel] = [MostLiked(bench), Ease(bench, ridge), PureSvd(bench), BaselinePreset(bench.pipeline)]
    if bench.bundle.embeddings is not None:
        models[1:1] = [ContentModel(bench.bundle), ContentModel(bench.bundle, centred=True)]
    if bench.bundle.svd is not None:
        models.append(PipelineModel(bench, 0.0, SVD_PRESET, Preset.SVD))
    return [
        *models,
        PipelineModel(bench, 0.0, PIPELINE),
        PipelineModel(bench, None, DEFAULT),
        PipelineModel(bench, 1.0, DIVERSE),
    ]


def _rows(results: Mapping[str, Result]) -> list[Row]:
    """Return one row per model, with its differences from popularity and plain EASE."""
    baselines = [results[MostLiked.name], results[Ease.name]]
    return [row_of(result, baselines) for result in results.values()]


def _ease_ridge(training: Dataset, seed: int, progress: Progress) -> float:
    """Return lambda of plain EASE, chosen inside the training part."""
    inner = [split.draw(training, kind, seed, INNER_LIKES) for kind in PER_PERSON]
    total = len(inner) * len(GRID)
    return tuned_ridge(inner, GRID, lambda done: progress.advance("choosing lambda of plain EASE", done, total))


def _setting(order: EvaluationOrder, dataset: Dataset, holdout: Holdout, bench: Workbench, ridge: float) -> Setting:
    return Setting(
        sources=dataset.sources,
        films=len(dataset.films),
        people=len(dataset.events.user_ids),
        events=len(dataset.events),
        holdout=holdout_name(order),
        kind=holdout.kind,
        held_out_people=len(holdout.relevant),
        held_out_likes=holdout.likes,
        fixed=order.holdout is not None,
        small=is_small(dataset),
        seed=order.seed,
        encoder=order.encoder.encoder_id if order.encoder else None,
        model_version=bench.bundle.model_version,
        params=bench.params.to_json(),
        weights=bench.pipeline.constants.to_json(),
        ease_ridge=ridge,
    )


@contextmanager
def _timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[part] = round(time.monotonic() - started, 1)
