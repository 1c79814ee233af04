"""The inputs of an evaluation: the data, a holdout, and the films' vectors."""

import numpy as np
from numpy.typing import NDArray

from data_jobs.embed_items import embed_films
from data_jobs.evaluate import moments, split
from data_jobs.evaluate.evaluation import EvaluationOrder
from data_jobs.evaluate.split import Holdout, SplitKind
from data_jobs.records import Dataset
from data_jobs.report import DataError, Progress, Report
from data_jobs.sample.load import load_sample
from data_jobs.validate import load

SMALL = (9_742, 100_836)
"""Films and ratings of MovieLens ml-latest-small."""


def read_data(order: EvaluationOrder, progress: Progress) -> tuple[Dataset, Report]:
    """Read the data of an order. Raises DataError, also for data without events."""
    dataset, report = load_sample(progress) if order.source is None else load(order.source, progress)
    if not len(dataset.events):
        raise DataError("the data has no events, so nothing can be measured; give --events FILE")
    return dataset, report


def is_small(dataset: Dataset) -> bool:
    """Return whether the data is MovieLens ml-latest-small, to which the absolute bars apply."""
    return (len(dataset.films), len(dataset.events)) == SMALL


def holdout_of(order: EvaluationOrder, dataset: Dataset, report: Report) -> Holdout:
    """Return the holdout of an order, read from its file or drawn. Raises DataError."""
    if order.holdout is not None:
        return split.read(order.holdout, dataset, report)
    if order.split is SplitKind.GLOBAL:
        return moments.draw(dataset)
    return split.draw(dataset, order.split, order.seed)


def holdout_name(order: EvaluationOrder) -> str:
    """Return the name of the holdout's file, or "random, seed 0"."""
    if order.holdout is not None:
        return order.holdout.name
    return str(order.split) if order.split is SplitKind.GLOBAL else f"{order.split}, seed {order.seed}"


def vectors_of(order: EvaluationOrder, dataset: Dataset, progress: Progress) -> dict[str, NDArray[np.float32]]:
    """Return item id -> vector from the cache that `marquee build` fills; empty without an encoder."""
    if order.encoder is None:
        return {}

    def advance(done: int, total: int) -> None:
        progress.advance("embedding texts", done, total)

    cache, options = order.home / "cache" / "vectors", order.embedding_options
    vectors = embed_films(dataset.films, order.encoder, cache, advance, options=options)
    return {film.item_id: vector for film, vector in zip(dataset.films, vectors, strict=True)}
