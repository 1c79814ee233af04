"""Marquee's online services: the recommender core, its adapters, the HTTP API and the command line."""

# Single source of the version: package, command line and API.
__version__ = "0.1.0"
