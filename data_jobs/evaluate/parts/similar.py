"""Similar films: does /similar find the other films of a series, and films liked by the same people?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.metrics import recall
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.progress import tracked
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.series import series
from data_jobs.evaluate.split import Holdout, liked, spans
from data_jobs.evaluate.workbench import Workbench, patient, rows_of
from data_jobs.report import Progress
from services.recommender.domain.catalogue import Catalogue
from services.recommender.similar import similar as films_like

LIKES_PER_PERSON = 2

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SimilarOutcome(Outcome):
    """``series``: share of a series' films with another of it in their first ten, over series with all films in the
    tables. ``colikes``, ``jaccard``: Recall@10 of a person's held-out likes from one known like, by /similar and by
    shared genres (ties: the better known film); ``ahead``: the difference, paired.
    """

    series: Estimate
    colikes: Estimate
    jaccard: Estimate
    ahead: Estimate
    missed: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """Yield the films whose series was missed."""
        yield Table.of_failures("Films whose series /similar missed", self.missed)

    def figures(self) -> Iterator[Figure]:
        """Yield series, then co-likes."""
        yield PIPELINE, "series", self.series
        yield PIPELINE, "colikes", self.colikes
        yield PIPELINE, "jaccard", self.jaccard
        yield PIPELINE, "ahead", self.ahead

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: series are found, and co-likes better than by genres."""
        yield Bar.share("same series in the top 10 of /similar", self.series.mean, 0.80)
        yield Bar.above("co-likes: /similar against genre Jaccard", self.ahead, 0)


def part(job: Job) -> SimilarOutcome:
    """Run this part of an evaluation; see the module."""
    return similar(job.bench, job.holdout, job.seed, job.progress)


def similar(bench: Workbench, holdout: Holdout, seed: int, progress: Progress) -> SimilarOutcome:
    """Measure series and co-likes on the bundle of the main training part."""
    catalogue, inside = bench.bundle.catalogue, bench.bundle.collaborative.position >= 0
    groups = [rows for rows in series(catalogue) if inside[list(rows)].all()]
    shares, missed = in_series(groups, lambda row: most_similar(bench, row), progress)
    queries = pairs(bench, holdout, seed)
    colikes, jaccard = _colikes(bench, queries, progress)
    return SimilarOutcome(
        Estimate.of(shares),
        Estimate.of(colikes),
        Estimate.of(jaccard),
        Estimate.of_difference(colikes, jaccard),
        tuple(catalogue.titles[row] for row in missed),
    )


def in_series(
    groups: Sequence[tuple[int, ...]], alike: Callable[[int], Rows], progress: Progress
) -> tuple[NDArray[np.float64], list[int]]:
    """Return, for each series, the share of its films for which ``alike`` returns another film of the series, and the
    films for which it does not.
    """
    shares, missed = [], []
    for rows in tracked(groups, "series", progress, every=1):
        hits = [bool(np.isin(alike(row), rows).any()) for row in rows]
        shares.append(float(np.mean(hits)))
        missed += [row for row, hit in zip(rows, hits, strict=True) if not hit]
    return np.array(shares), missed


def most_similar(bench: Workbench, row: int) -> Rows:
    """Return the ten films of /similar for a film."""
    return rows_of(films_like(bench.pipeline, row, TOP, patient()).items)


def most_similar_by_genre(catalogue: Catalogue, ranks: Rows, row: int) -> Rows:
    """Return the ten films with the largest genre Jaccard, ties by popularity rank."""
    bits = catalogue.genre_bits
    shared = np.bitwise_count(bits & bits[row]).astype(np.float64)
    jaccard = shared / np.maximum(np.bitwise_count(bits | bits[row]), 1)
    jaccard[row] = -1
    return np.lexsort((ranks, -jaccard))[:TOP].astype(np.int32)


def pairs(bench: Workbench, holdout: Holdout, seed: int) -> list[tuple[int, Rows]]:
    """Return (row of a known like, rows of the same person's held-out likes), two per person, drawn by a seed."""
    events, catalogue = bench.dataset.events, bench.bundle.catalogue
    is_like = liked(events)
    drawn = []
    for code, (start, stop) in enumerate(spans(events)):
        held_out = holdout.relevant.get(events.user_ids[code])
        likes = start + np.flatnonzero(is_like[start:stop])
        if held_out is None or not len(likes):
            continue
        rows = catalogue.rows_of(held_out)
        chosen = np.random.default_rng((seed, code)).choice(likes, min(LIKES_PER_PERSON, len(likes)), replace=False)
        drawn += [(int(events.film[at]), rows) for at in chosen]
    return drawn


def _colikes(
    bench: Workbench, queries: Sequence[tuple[int, Rows]], progress: Progress
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Recall@10 by /similar and by genres, float64[pairs] each."""
    similar_recall, genre_recall = [], []
    for row, held_out in tracked(queries, "co-likes", progress, every=1):
        similar_recall.append(recall(most_similar(bench, row), held_out))
        genre_recall.append(recall(most_similar_by_genre(bench.bundle.catalogue, bench.ranks, row), held_out))
    return np.array(similar_recall), np.array(genre_recall)
