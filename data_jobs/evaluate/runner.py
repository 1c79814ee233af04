"""Run an evaluation: data, holdout, training, model comparison, then the requested parts."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_jobs.build import read_params
from data_jobs.embed_items import embed_films
from data_jobs.evaluate import moments, split
from data_jobs.evaluate.evaluation import DEFAULT, DIVERSE, PIPELINE, SVD_PRESET, Evaluation, EvaluationOrder, Setting
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.plain_ease import GRID, tuned_ridge
from data_jobs.evaluate.protocol import Result, Row, measure, row_of
from data_jobs.evaluate.ranking_models import (
    ContentModel,
    Ease,
    MostLiked,
    PipelineModel,
    Playbook,
    PureSvd,
    RankingModel,
)
from data_jobs.evaluate.registry import PARTS
from data_jobs.evaluate.split import PER_PERSON, Holdout, SplitKind
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import DataError, Progress, Report
from data_jobs.sample.load import load_sample
from data_jobs.validate import load
from services.recommender.domain.request import Preset

SMALL = (9_742, 100_836)
"""Films and ratings of MovieLens ml-latest-small."""
INNER_LIKES = 5
"""Minimum likes of a person in the split that chooses lambda of plain EASE."""


def evaluate(order: EvaluationOrder, progress: Progress) -> Evaluation:
    """Run an evaluation. Raises DataError, EncoderUnavailable, TrainingError, BundleError."""
    seconds: dict[str, float] = {}
    params, weights = read_params(order.params)
    with _timed(seconds, "reading"):
        dataset, report = load_sample(progress) if order.source is None else load(order.source, progress)
        holdout = _holdout(order, dataset, report)
    with _timed(seconds, "embedding"):
        vectors = _vectors(order, dataset, progress)
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
    models: list[RankingModel] = [MostLiked(bench), Ease(bench, ridge), PureSvd(bench), Playbook(bench.pipeline)]
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
    """Return the rows with the differences from popularity and plain EASE."""
    yardsticks = [results[MostLiked.name], results[Ease.name]]
    return [row_of(result, yardsticks) for result in results.values()]


def _holdout(order: EvaluationOrder, dataset: Dataset, report: Report) -> Holdout:
    if not len(dataset.events):
        raise DataError("the data has no events, so nothing can be measured; give --events FILE")
    if order.holdout is not None:
        return split.read(order.holdout, dataset, report)
    if order.split is SplitKind.GLOBAL:
        return moments.draw(dataset)
    return split.draw(dataset, order.split, order.seed)


def _ease_ridge(training: Dataset, seed: int, progress: Progress) -> float:
    """Return lambda of plain EASE, chosen inside the training part."""
    inner = [split.draw(training, kind, seed, INNER_LIKES) for kind in PER_PERSON]
    total = len(inner) * len(GRID)
    return tuned_ridge(inner, GRID, lambda done: progress.advance("choosing lambda of plain EASE", done, total))


def _vectors(order: EvaluationOrder, dataset: Dataset, progress: Progress) -> dict[str, NDArray[np.float32]]:
    """Return item id -> vector from the cache that `marquee build` fills; empty without an encoder."""
    if order.encoder is None:
        return {}

    def told(done: int, total: int) -> None:
        progress.advance("embedding texts", done, total)

    vectors = embed_films(dataset.films, order.encoder, order.home / "cache" / "vectors", told, manner=order.manner)
    return {film.item_id: vector for film, vector in zip(dataset.films, vectors, strict=True)}


def _setting(order: EvaluationOrder, dataset: Dataset, holdout: Holdout, bench: Workbench, ridge: float) -> Setting:
    drawn = str(order.split) if order.split is SplitKind.GLOBAL else f"{order.split}, seed {order.seed}"
    return Setting(
        sources=dataset.sources,
        films=len(dataset.films),
        people=len(dataset.events.user_ids),
        events=len(dataset.events),
        holdout=drawn if order.holdout is None else order.holdout.name,
        kind=holdout.kind,
        held_out_people=len(holdout.relevant),
        held_out_likes=holdout.likes,
        fixed=order.holdout is not None,
        small=(len(dataset.films), len(dataset.events)) == SMALL,
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
