"""The catalogue's facts as columns, on which statements about films are evaluated as masks."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_jobs.readers.text import fold
from services.recommender.domain.catalogue import Catalogue

Mask = NDArray[np.bool_]

YEARS_APART = 3
"""Maximum difference between the years that two sources have of a film: made, shown at a festival, released."""
_ARTICLE = re.compile(r"^(?:the|an?) ")
_NAMED = re.compile(r"^(?P<names>.+) \((?P<year>\d{4})\)$")


class FactColumns:
    """Columns over n films. Text columns are folded (see ``fold``), with bars around entries: "| heist | boston |".

    ``years``, ``runtimes`` int[n], 0 unknown; ``languages`` codes, "" unknown. ``keywords``: including people's tags;
    ``texts``: title, keywords, tagline and overview.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        details = [json.loads(text) for text in catalogue.details]
        codes = np.array([*catalogue.languages, ""])  # -1, unknown, is the last
        self.genre_bits = catalogue.genre_bits
        self.years = catalogue.years.astype(np.int64)
        self.runtimes = np.array([each.get("runtime") or 0 for each in details], np.int64)
        self.languages = codes[catalogue.language_codes]
        self.directors = [_delimited(each.get("directors", ())) for each in details]
        self.cast = [_delimited(each.get("cast", ())) for each in details]
        self.keywords = [_delimited(_keywords(each)) for each in details]
        titles = [(title, *each.get("aka", ())) for title, each in zip(catalogue.titles, details, strict=True)]
        self.titles = [_delimited(names, plain) for names in titles]
        self.texts = [_delimited(_texts(title, each)) for title, each in zip(catalogue.titles, details, strict=True)]
        self._rows_of_title = defaultdict(list)
        for row, names in enumerate(titles):
            for name in dict.fromkeys(map(plain, names)):
                self._rows_of_title[name].append(row)

    def __len__(self) -> int:
        return len(self.years)

    def row_of(self, film: str) -> int:
        """Return the row of a film "Title (year)", or "Title / Other title (year)"; -1 if the catalogue lacks it.

        Of several films, the nearest in year, then the best known. Raises ValueError for another form.
        """
        match = _NAMED.match(film)
        if match is None:
            raise ValueError(f'{film!r} is not a film: write "Title (year)"')
        year = int(match["year"])
        rows = [row for name in match["names"].split(" / ") for row in self._rows_of_title.get(plain(name), ())]
        near = [row for row in rows if abs(int(self.years[row]) - year) <= YEARS_APART]
        return min(near, key=lambda row: (abs(int(self.years[row]) - year), row), default=-1)

    def rows_of(self, films: Iterable[str]) -> NDArray[np.int32]:
        """Return the rows of the films in the catalogue, int32, in order."""
        return np.array([row for row in map(self.row_of, films) if row >= 0], np.int32)


def is_film(name: str) -> bool:
    """Return whether a film is named as required: "Title (year)", or "Title / Other title (year)"."""
    return _NAMED.match(name) is not None


def plain(title: str) -> str:
    """Return a title for comparison: folded, without a leading English article."""
    return _ARTICLE.sub("", fold(title))


def holding(column: Sequence[str], needles: Iterable[str]) -> Mask:
    """Return the films whose text contains any of some strings, bool[films]."""
    texts = tuple(needles)
    return np.array([any(needle in text for needle in texts) for text in column], bool)


def _delimited(parts: Iterable[str], clean: Any = fold) -> str:  # noqa: ANN401
    return "| " + " | ".join(map(clean, parts)) + " |"


def _keywords(details: dict[str, Any]) -> list[str]:
    return [*details.get("keywords", ()), *details.get("tags", ())]


def _texts(title: str, details: dict[str, Any]) -> list[str]:
    return [title, *_keywords(details), details.get("tagline", ""), details.get("overview", "")]
