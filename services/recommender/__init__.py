"""Recommender core: catalogue, taste, candidates, ranking, diversity and reasons, in pure Python and numpy."""
