"""Data access of query conditions for one release."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.ports import TextField, TextIndex
from services.recommender.query.lexicon import Lexicon
from services.recommender.taste.audience import Audience
from services.recommender.taste.traits import Postings

MENTIONED = TextField.TITLE | TextField.OTHER_TITLE | TextField.KEYWORDS | TextField.OVERVIEW


@dataclass(frozen=True, slots=True, eq=False)
class FilmLookup:
    """Implements ``demands.Films``. ``postings``: the films of every trait."""

    catalogue: Catalogue
    audience: Audience
    postings: Postings
    lexicon: Lexicon
    index: TextIndex

    def with_keywords(self, names: tuple[str, ...]) -> NDArray[np.int32]:
        """Return the films with any of the keywords, int32[n]."""
        return self.with_traits(tuple(trait for name in names for trait in self.lexicon.keyword(name)))

    def with_traits(self, traits: tuple[int, ...]) -> NDArray[np.int32]:
        """Return the films with any of the traits, int32[n]."""
        rows = [self.postings.films_of(trait) for trait in traits]
        return np.concatenate(rows) if rows else np.empty(0, np.int32)

    def suitable(self) -> NDArray[np.bool_]:
        """Return the films suitable for children, bool[films]."""
        return self.audience.films.suitable

    def mentioning(self, words: tuple[str, ...]) -> NDArray[np.int32]:
        """Return the films whose title, keywords or plot contain all the words, int32[n]; none for no words."""
        return self._with_all(words, MENTIONED)

    def titled(self, words: tuple[str, ...]) -> NDArray[np.int32]:
        """Return the films whose title contains all the words, int32[n]; none for no words."""
        return self._with_all(words, TextField.TITLE)

    def _with_all(self, words: tuple[str, ...], fields: TextField) -> NDArray[np.int32]:
        rows = None
        for mention in self.index.mentions(words):
            inside = mention.rows[(mention.fields & fields) != 0]
            rows = inside if rows is None else np.intersect1d(rows, inside, assume_unique=True)
        return np.empty(0, np.int32) if rows is None else rows
