"""What the recommender must reach, beside what it reached."""

from collections.abc import Iterator
from dataclasses import dataclass

from data_jobs.evaluate.cold_items import ColdItems
from data_jobs.evaluate.evaluation import Evaluation
from data_jobs.evaluate.newcomers import Newcomer
from data_jobs.evaluate.queries import Queries
from data_jobs.evaluate.reasons import Reasons
from data_jobs.evaluate.runner import DEFAULT, DIVERSE, PIPELINE
from data_jobs.evaluate.similar import Similar
from data_jobs.evaluate.split import SplitKind

# Recall@10, NDCG@10 and coverage@10 on the fixed holdouts of MovieLens ml-latest-small.
FIXED = {SplitKind.RANDOM: (0.220, 0.322, 0.035), SplitKind.TIME: (0.116, 0.147, 0.045)}
CLEARLY = 2.0
"""Paired standard errors by which one model must be above another where that much is asked for."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``wanted`` and ``found`` in words."""

    name: str
    wanted: str
    found: str
    met: bool


def bars(evaluation: Evaluation) -> list[Bar]:
    """Every bar that the parts which ran can answer."""
    found = [*_ranking(evaluation), *_diversity(evaluation)]
    found += [_newcomer(entry) for entry in evaluation.newcomers or ()]
    if evaluation.cold_items is not None:
        found += _cold(evaluation.cold_items)
    if evaluation.queries is not None:
        found += _queries(evaluation.queries)
    if evaluation.similar is not None:
        found += _similar(evaluation.similar)
    if evaluation.reasons is not None:
        found += _reasons(evaluation.reasons)
    return found


def _ranking(evaluation: Evaluation) -> Iterator[Bar]:
    """Absolute on the fixed holdouts, relative to the yardsticks on any other data."""
    row, setting = evaluation.row(PIPELINE), evaluation.setting
    if setting.small and setting.fixed:
        recall, ndcg, coverage = FIXED[setting.kind]
        yield _least("Recall@10", row.recall.mean, recall)
        yield _least("NDCG@10", row.ndcg.mean, ndcg)
        yield Bar("coverage@10", f">= {coverage:.1%}", f"{row.coverage:.2%}", row.coverage >= coverage)
        return
    for name, other in row.against.items():
        wanted = f"above by {CLEARLY:g} s.e."
        yield Bar(f"NDCG@10 against {name}", wanted, f"{other.ndcg}", other.ndcg.above(CLEARLY))


def _diversity(evaluation: Evaluation) -> Iterator[Bar]:
    none, default, most = (evaluation.row(name) for name in (PIPELINE, DEFAULT, DIVERSE))
    loss = 1 - default.ndcg.mean / none.ndcg.mean if none.ndcg.mean else 0.0
    yield Bar("NDCG@10 lost by default diversity", "<= 1.5%", f"{loss:.2%}", loss <= 0.015)
    for row, least in ((default, 0.02), (most, 0.10)):
        gain = row.diversity.mean / none.diversity.mean - 1 if none.diversity.mean else 0.0
        name = f"intra-list diversity, {row.model.removeprefix('pipeline, ')}"
        yield Bar(name, f">= +{least:.0%}", f"{gain:+.1%}", gain >= least)


def _newcomer(entry: Newcomer) -> Bar:
    name = f"newcomer with {entry.likes} like{'s' if entry.likes > 1 else ''}, NDCG@10 against popularity"
    if entry.likes < 3:
        return Bar(name, "not below by more than 1 s.e.", f"{entry.ahead}", entry.ahead.above(-1))
    return Bar(name, f"above by {CLEARLY:g} s.e.", f"{entry.ahead}", entry.ahead.above(CLEARLY))


def _cold(cold: ColdItems) -> Iterator[Bar]:
    if cold.ahead is not None:
        views = (
            ("Recall@10", cold.ahead.recall),
            ("Recall@100", cold.ahead.recall_deep),
            ("Recall@10 among cold films", cold.ahead.recall_among),
        )
        for name, ahead in views:
            yield Bar(f"cold films against content alone, {name}", "above", f"{ahead}", ahead.above(0))
    pages = cold.pages.mean
    yield Bar("first pages with a cold film", ">= 1 in 20", f"{pages:.1%}", pages >= 0.05)


def _queries(found: Queries) -> Iterator[Bar]:
    yield _share("exact title first", found.exact.mean, 0.95)
    yield _share("title with a typo in the top 5", found.typo.mean, 0.85)
    yield _share("a director's films in the top 10", found.director.mean, 0.90)


def _similar(found: Similar) -> Iterator[Bar]:
    yield _share("same series in the top 10 of /similar", found.series.mean, 0.80)
    yield Bar("co-likes: /similar against genre Jaccard", "above", f"{found.ahead}", found.ahead.above(0))


def _reasons(found: Reasons) -> Iterator[Bar]:
    yield _share("cited film: the score falls without it", found.films_fall.mean, 1.0)
    yield _share("cited film: among the two largest falls", found.films_largest.mean, 1.0)
    yield _share("cited trait: the score falls without it", found.traits_fall.mean, 1.0)


def _least(name: str, found: float, least: float) -> Bar:
    return Bar(name, f">= {least:.3f}", f"{found:.4f}", found >= least)


def _share(name: str, found: float, least: float) -> Bar:
    return Bar(name, f">= {least:.0%}" if least < 1 else "all", f"{found:.1%}", found >= least)
