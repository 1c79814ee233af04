"""Other formulas than the default one: the baseline, SVD factors, a two-tower model."""
