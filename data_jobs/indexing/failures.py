"""Errors of indexing."""

from services.recommender.errors import MarqueeError


class IndexingFailed(MarqueeError):
    """The index is not complete and must not be served; the message says what is wrong and what to do."""
