"""Ranking: one feature table, film row x signal, a weighted sum, and a fixed function of it for display."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.weights import Weights

# Beyond this rank the order of a series does not matter.
FOLLOWED = 50


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Candidates best first: ``rows`` int32[c], ``raw`` float32[c], ``terms`` float32[c, signals] named by ``names``; a
    row of terms sums to its raw score.
    """

    rows: NDArray[np.int32]
    raw: NDArray[np.float32]
    terms: NDArray[np.float32]
    names: tuple[str, ...]

    def take(self, order: NDArray[np.intp]) -> "Ranked":
        """Return the candidates at an index, in its order."""
        return Ranked(self.rows[order], self.raw[order], self.terms[order], self.names)


def rank(rows: NDArray[np.int32], terms: dict[str, NDArray[np.float32]]) -> Ranked:
    """Order candidates (``rows`` ascending) by the sum of their weighted terms (float32[c] each); ties by row."""
    table = np.stack(list(terms.values()), axis=1) if terms else np.zeros((len(rows), 0), np.float32)
    raw = table.sum(axis=1, dtype=np.float32)
    order = np.argsort(-raw, kind="stable")
    return Ranked(rows, raw, table, tuple(terms)).take(order)


def matching_first(ranked: Ranked, matched: NDArray[np.bool_]) -> Ranked:
    """Move the films that match a query (``matched`` bool[films]) before all others, in their order: what counts
    against a film must not put one before it that was not asked for.
    """
    return ranked.take(np.argsort(~matched[ranked.rows], kind="stable"))


def next_part_first(ranked: Ranked, catalogue: Catalogue, taste: NDArray[np.int32]) -> Ranked:
    """Move the next part of each series the person follows (``taste`` rows) before the later parts, among the best
    films: it takes the place of the first of them, and they move down one each.
    """
    order = np.arange(len(ranked.rows))
    window = ranked.rows[:FOLLOWED]
    series, parts = catalogue.series[window], catalogue.parts[window]
    followed = catalogue.series[taste]
    for number in distinct(series[catalogue.of_same_series(taste, window)]).tolist():
        seen = int(catalogue.parts[taste[followed == number]].max())
        places = np.flatnonzero((series == number) & (parts > seen))
        if len(places) > 1:
            following = places[np.argmin(parts[places])]
            if parts[following] == seen + 1:
                order[places] = [following, *places[places != following].tolist()]
    return ranked.take(order)


def shown_score(raw: NDArray[np.float32], constants: Weights) -> NDArray[np.float64]:
    """Return the API's score, 0 ... 1: softsign with the bundle's constants, the same for every request."""
    return softsign(raw, constants.score_midpoint, constants.score_scale)


def softsign(raw: NDArray[np.float32], midpoint: float, scale: float) -> NDArray[np.float64]:
    """Return (1 + x / (1 + |x|)) / 2 with x = (raw - midpoint) / scale.

    It nears 1 slowly, unlike a logistic function, which shows 1.00 for every film of a clear taste.
    """
    x = (raw.astype(np.float64) - midpoint) / scale
    return np.asarray((1 + x / (1 + np.abs(x))) / 2)
