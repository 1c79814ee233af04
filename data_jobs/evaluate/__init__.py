"""Measuring the recommender offline: the pipeline that is served, beside models to compare it with."""
