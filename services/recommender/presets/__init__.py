"""Alternatives to the default formula: the baseline, SVD factors, a two-tower model."""
