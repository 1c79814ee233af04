"""Vocabulary of query understanding: English, and translations from five other languages."""


def words_in(text: str) -> frozenset[str]:
    """Split a space-separated list of words."""
    return frozenset(text.split())
