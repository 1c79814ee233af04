"""Lay out the contents of the container image, with or without Docker: ``python -m infra.image --help``."""
