"""Explainers: one sentence per film."""
