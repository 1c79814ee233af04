"""Explainers: one sentence a film."""
