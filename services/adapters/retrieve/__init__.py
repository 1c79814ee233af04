"""Candidates by a two-tower model behind a SageMaker endpoint."""
