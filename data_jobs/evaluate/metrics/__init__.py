"""What is measured of a list of films, a metric a file."""

from data_jobs.evaluate.metrics.coverage import coverage
from data_jobs.evaluate.metrics.intra_list_diversity import intra_list_diversity
from data_jobs.evaluate.metrics.ndcg import ndcg
from data_jobs.evaluate.metrics.popularity_rank import mean_rank, popularity_ranks
from data_jobs.evaluate.metrics.recall import recall

__all__ = ["coverage", "intra_list_diversity", "mean_rank", "ndcg", "popularity_ranks", "recall"]
