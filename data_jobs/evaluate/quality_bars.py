"""The quality bars of the recommender, compared with its results."""

from collections.abc import Iterator

from data_jobs.evaluate.evaluation import DEFAULT, DIVERSE, PIPELINE, Evaluation
from data_jobs.evaluate.outcome import Bar
from data_jobs.evaluate.split import SplitKind

# Recall@10, NDCG@10 and coverage@10 on the fixed holdouts of MovieLens ml-latest-small.
FIXED = {SplitKind.RANDOM: (0.222, 0.332, 0.035), SplitKind.TIME: (0.123, 0.157, 0.045)}


def bars(evaluation: Evaluation) -> list[Bar]:
    """Return every bar covered by the parts that ran."""
    of_parts = [bar for outcome in evaluation.parts.values() for bar in outcome.bars()]
    return [*_ranking(evaluation), *_diversity(evaluation), *of_parts]


def _ranking(evaluation: Evaluation) -> Iterator[Bar]:
    """Yield absolute bars on the fixed holdouts of ml-latest-small, bars relative to the baselines on other data."""
    row, setting = evaluation.row(PIPELINE), evaluation.setting
    if setting.small and setting.fixed:
        recall, ndcg, coverage = FIXED[setting.kind]
        yield _least("Recall@10", row.recall.mean, recall)
        yield _least("NDCG@10", row.ndcg.mean, ndcg)
        yield Bar("coverage@10", f">= {coverage:.1%}", f"{row.coverage:.2%}", row.coverage >= coverage)
        return
    for baseline, difference in row.against.items():
        yield Bar.above(f"NDCG@10 against {baseline}", difference.ndcg)


def _diversity(evaluation: Evaluation) -> Iterator[Bar]:
    none, default, most = (evaluation.row(name) for name in (PIPELINE, DEFAULT, DIVERSE))
    loss = 1 - default.ndcg.mean / none.ndcg.mean if none.ndcg.mean else 0.0
    yield Bar("NDCG@10 lost by default diversity", "<= 1.5%", f"{loss:.2%}", loss <= 0.015)
    for row, least in ((default, 0.02), (most, 0.10)):
        gain = row.diversity.mean / none.diversity.mean - 1 if none.diversity.mean else 0.0
        name = f"intra-list diversity, {row.model.removeprefix('pipeline, ')}"
        yield Bar(name, f">= +{least:.0%}", f"{gain:+.1%}", gain >= least)


def _least(name: str, value: float, least: float) -> Bar:
    return Bar(name, f">= {least:.3f}", f"{value:.4f}", value >= least)
