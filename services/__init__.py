"""Marquee's online side: the recommender core, its adapters, the HTTP edge and the command line."""

# The one version: of the package, the command line and the API.
__version__ = "0.1.0"
