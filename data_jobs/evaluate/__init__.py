"""Measure the recommender offline: the production pipeline, compared with reference models."""
