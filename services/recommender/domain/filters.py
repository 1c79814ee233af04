"""Film filters: genre, year, running time, language, votes; with the same semantics in numpy and in search engines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Filters:
    """All given conditions must hold. ``genres``: any of them (bit mask); ``not_genres``: none of them. Years and
    ``runtime_to`` (minutes) are inclusive. A film whose year, running time or language is unknown fails a filter on it.
    ``rows``: only these films (a shelf), ascending and distinct.
    """

    genres: int = 0
    not_genres: int = 0
    year_from: int | None = None
    year_to: int | None = None
    runtime_to: int | None = None
    languages: tuple[str, ...] = ()
    min_votes: int = 0
    rows: tuple[int, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every film passes."""
        return self == NO_FILTERS

    def mask(self, catalogue: Catalogue) -> NDArray[np.bool_]:
        """Return which films pass, bool[films]."""
        passes = np.ones(len(catalogue), bool)
        if self.genres:
            passes &= (catalogue.genre_bits & np.uint32(self.genres)) != 0
        if self.not_genres:
            passes &= (catalogue.genre_bits & np.uint32(self.not_genres)) == 0
        if self.year_from is not None or self.year_to is not None:
            passes &= catalogue.years > 0
            passes &= catalogue.years >= (self.year_from or 0)
            passes &= catalogue.years <= (self.year_to if self.year_to is not None else np.iinfo(np.int16).max)
        if self.runtime_to is not None:
            passes &= (catalogue.runtimes > 0) & (catalogue.runtimes <= self.runtime_to)
        if self.languages:
            codes = [catalogue.languages.index(code) for code in self.languages if code in catalogue.languages]
            passes &= np.isin(catalogue.language_codes, codes)
        if self.min_votes:
            passes &= catalogue.votes >= self.min_votes
        if self.rows is not None:
            among = np.zeros(len(catalogue), bool)
            among[np.array(self.rows, np.intp)] = True
            passes &= among
        return passes


NO_FILTERS = Filters()
