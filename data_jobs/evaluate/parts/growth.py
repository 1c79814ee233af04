"""Data growth: how good is the first page with no ratings, a thousand, ten thousand, all of them?

The people of the holdout and their held-out likes are the same at each point; only the training data grows, by ratings
of the training part drawn at random, smaller sets within larger ones. Each person's ratings of the training part are
always their profile. Each point is trained twice, with TMDB's votes (``vote_count``, ``vote_average``) in the catalogue
and without. The baselines need no taste or no ratings: votes, log(1 + votes) x average, content alone, and popularity
by the ratings available.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.held_out_people import People, on_rows_of
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.protocol import Result, measure
from data_jobs.evaluate.ranking_models import MostLiked, PipelineModel, RankingModel, Scored
from data_jobs.evaluate.split import without
from data_jobs.records import Dataset

SIZES = (0, 1_000, 10_000)
CONTENT = "content, centred"
WITH_VOTES, WITHOUT_VOTES = PIPELINE, "pipeline without votes"


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """Figures of one model. ``ahead``: NDCG@10 of the pipeline (with votes, if any) minus the model's, paired."""

    recall: Estimate
    ndcg: Estimate
    ahead: Estimate


@dataclass(frozen=True, slots=True)
class Point:
    """The results with ``ratings`` ratings in training, by model."""

    ratings: int
    models: dict[str, ModelFigures]


@dataclass(frozen=True, slots=True)
class Growth(Outcome):
    """The points, fewest ratings first."""

    points: tuple[Point, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per point and model."""
        rows = [
            (f"{point.ratings:,}", model, f"{result.recall}", f"{result.ndcg}", f"{result.ahead}")
            for point in self.points
            for model, result in point.models.items()
        ]
        headings = ("ratings", "model", "Recall@10", "NDCG@10", "pipeline minus model")
        yield Table("Data growth: the same people, more ratings in training", headings, rows)

    def figures(self) -> Iterator[Figure]:
        """Yield every figure."""
        for point in self.points:
            for model, result in point.models.items():
                yield model, f"recall, {point.ratings} ratings", result.recall
                yield model, f"ndcg, {point.ratings} ratings", result.ndcg
                yield PIPELINE, f"ndcg less {model}, {point.ratings} ratings", result.ahead

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: better than the best baseline at each point."""
        for point in self.points:
            baselines = {model: result for model, result in point.models.items() if not model.startswith(PIPELINE)}
            best = max(baselines, key=lambda model: baselines[model].ndcg.mean, default=None)
            if best is not None:
                name = f"{point.ratings:,} ratings, NDCG@10 against {best}, the best reference"
                yield Bar.above(name, baselines[best].ahead)

    def panels(self) -> Iterator[Panel]:
        """Yield NDCG@10 at each point."""
        for point in self.points:
            bars = [(model, result.ndcg, model.startswith(PIPELINE)) for model, result in point.models.items()]
            yield Panel(f"NDCG@10 with {point.ratings:,} ratings in training", bars)


def part(job: Job) -> Growth:
    """Run this part of an evaluation; see the module."""
    baselines = _baselines(job)
    points = []
    for ratings, training in grown(job.holdout.training, job.seed):
        job.progress.advance("data growth, ratings", ratings, len(job.holdout.training.events))
        points.append(_point(ratings, {**_at(job, training), **baselines}))
    return Growth(tuple(points))


def grown(training: Dataset, seed: int) -> Iterator[tuple[int, Dataset]]:
    """Yield the training part with growing numbers of its ratings, finally all; smaller sets are within larger ones."""
    total = len(training.events)
    place = np.random.default_rng(seed).permutation(total)
    for ratings in (*(size for size in SIZES if size < total), total):
        yield ratings, without(training, place >= ratings)


def without_votes(dataset: Dataset) -> Dataset:
    """Return the same films without vote counts and averages."""
    return replace(dataset, films=tuple(replace(film, vote_count=None, vote_average=None) for film in dataset.films))


def _baselines(job: Job) -> dict[str, Result]:
    """Return the results that do not depend on the training ratings: votes and content, if available."""
    films = job.bench.dataset.films
    votes = np.array([film.vote_count or 0 for film in films], np.float32)
    average = np.array([film.vote_average or 0 for film in films], np.float32)
    baselines = {}
    if votes.any():
        for name, scores in (("votes", votes), ("log votes x average", np.log1p(votes) * average)):
            baselines[name] = measure(Scored(name, job.bench.bundle, scores), job.cases, job.bench, job.progress)
    if CONTENT in job.results:
        baselines[CONTENT] = job.results[CONTENT]
    return baselines


def _at(job: Job, training: Dataset) -> dict[str, Result]:
    """Return the results of both pipelines and of popularity at one point. Those of the whole training part with votes
    are in ``job``.
    """
    if len(training.events) == len(job.holdout.training.events):
        results = [job.results[PIPELINE], job.results[MostLiked.name]]
    else:
        results = _measured(job, training, with_popularity=len(training.events) > 0)
    pipeline, *popular = results
    models = {WITH_VOTES: pipeline}
    if any(film.vote_count for film in training.films):
        [models[WITHOUT_VOTES]] = _measured(job, without_votes(training))
    return models | {result.model: result for result in popular}


def _measured(job: Job, training: Dataset, with_popularity: bool = False) -> list[Result]:
    """Measure the pipeline, and optionally popularity, trained on ``training``, for the profiles of the whole training
    part.
    """
    with job.workshop.temporary() as workshop:
        bench = workshop.make(training)
        catalogue = bench.bundle.catalogue
        people = People(on_rows_of(catalogue, job.holdout.training), catalogue)
        cases = people.cases(job.holdout.relevant)
        models: list[RankingModel] = [PipelineModel(bench, 0.0), *([MostLiked(bench)] if with_popularity else [])]
        return [measure(model, cases, bench, job.progress) for model in models]


def _point(ratings: int, results: Mapping[str, Result]) -> Point:
    pipeline = results[WITH_VOTES]
    return Point(
        ratings,
        {
            model: ModelFigures(
                Estimate.of(result.recall),
                Estimate.of(result.ndcg),
                Estimate.of_difference(pipeline.ndcg, result.ndcg),
            )
            for model, result in results.items()
        },
    )
