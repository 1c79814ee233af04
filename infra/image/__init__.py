"""What the container image is made of, laid out with or without Docker: ``python -m infra.image --help``."""
