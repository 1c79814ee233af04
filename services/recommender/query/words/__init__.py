"""The words that are understood: English, and into English from five other languages."""


def words_in(text: str) -> frozenset[str]:
    """A list of words, written with spaces between."""
    return frozenset(text.split())
