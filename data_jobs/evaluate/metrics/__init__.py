"""Metrics of a list of films, one per file."""

from data_jobs.evaluate.metrics.calibration import genre_shares, miscalibration
from data_jobs.evaluate.metrics.coverage import coverage
from data_jobs.evaluate.metrics.intra_list_diversity import intra_list_diversity
from data_jobs.evaluate.metrics.ndcg import ndcg
from data_jobs.evaluate.metrics.popularity_rank import mean_rank, median_rank, popularity_ranks, share_of_best_known
from data_jobs.evaluate.metrics.recall import recall, tail_recall

__all__ = [
    "coverage",
    "genre_shares",
    "intra_list_diversity",
    "mean_rank",
    "median_rank",
    "miscalibration",
    "ndcg",
    "popularity_ranks",
    "recall",
    "share_of_best_known",
    "tail_recall",
]
