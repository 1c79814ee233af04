"""What a film shares with the taste: makers, genres, decade, keywords, cast, series, language.

A weighted mean over the taste's films; for a coherent taste each trait counts, besides, by the share of the films that
have it (``focus``), so that the one director of three films outweighs the keywords of each. Where few people have
rated anything, what films share is all there is; it then counts times what the world's votes say of a film
(``Facts.quality``).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from services.recommender.domain.distinct import distinct
from services.recommender.stages.facts import Facts
from services.recommender.stages.signals.inputs import Inputs
from services.recommender.stages.signals.signal import Cause, Dense, Floats, LeftOut, Rows, mean_without, shares
from services.recommender.stages.traits import Known


@dataclass(frozen=True, eq=False)
class TraitMatch:
    """``weight`` of the term, ``focus`` and ``fame`` of the plan; ``weights`` float32[taste films] beside
    ``taste_rows``.
    """

    weight: float
    focus: float
    fame: float
    facts: Facts
    known: Known
    taste_rows: Rows
    weights: Floats
    name: str = "traits"
    cause: Cause = Cause.TASTE

    @classmethod
    def of(cls, inputs: Inputs) -> "TraitMatch | None":
        """None without a taste."""
        plan = inputs.plan
        if not plan.traits:
            return None
        rows = inputs.taste.rows
        return cls(plan.traits, plan.focus, plan.fame, inputs.facts, inputs.known, rows, inputs.weights)

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    @cached_property
    def taste(self) -> Floats:
        """What each trait counts for, float32[traits]: the mean of the films' rows, each trait times its share of the
        films to the power of ``focus``, of the length that keeps a film of the taste's own kind as near as it was.
        """
        mean = self.known.taste
        if not self.focus:
            return mean
        ids, values, has = self._own
        out = np.zeros_like(mean)
        out[ids] = self._focused(self.weights[None, :], values, has)[0]
        return out

    def factor(self, rows: Rows) -> Floats:
        """What a shared trait counts for each film, float32[rows]: of the films of a kind the better-known ones are
        better company.
        """
        worth = self.facts.quality[rows]
        if self.fame:
            worth = worth + np.float32(self.fame) * self.facts.prior[rows]
        return np.asarray(np.float32(self.weight) * worth, np.float32)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.factor(rows) * self.known.rows.films(rows).scores(self.taste)

    def strongest(self, rows: Rows, untold: Rows) -> tuple[Rows, Floats]:
        """The trait that adds most to each film's term, but for those ``untold`` (trait ids), and how much:
        int32[rows], float32[rows].
        """
        taste = self.taste.copy()
        taste[untold] = 0
        traits, shares = self.known.rows.films(rows).strongest(taste)
        return traits, np.asarray(self.factor(rows) * shares, np.float32)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`: in the mean, before ``focus``."""
        overlaps = self.known.films.overlaps(self.known.rows.films(rows))
        return np.asarray(self.factor(rows) * shares(self.weights)[:, None] * overlaps, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        films = self.known.rows.films(rows)
        if not self.focus:
            moved = self.known.rows.films(self.taste_rows[left_out.moved])
            total = float(self.weights.sum())
            means = mean_without(total, films.scores(self.taste), moved.overlaps(films), left_out.change)
            return np.asarray(self.factor(rows) * means, np.float32)
        ids, values, has = self._own
        weights = np.repeat(self.weights[None, :], len(left_out.suspects), axis=0)
        weights[:, left_out.moved] += left_out.change
        tastes = self._focused(weights, values, has)
        return np.asarray(self.factor(rows) * (tastes @ films.dense(ids).T), np.float32)

    @cached_property
    def _own(self) -> tuple[Rows, Floats, Floats]:
        """The taste's traits int32[u], their values in its films float32[films, u], and 1 where a film has them."""
        ids = distinct(self.known.films.ids).astype(np.int32)
        values = self.known.films.dense(ids)
        return ids, values, (values > 0).astype(np.float32)

    def _focused(self, weights: Floats, values: Floats, has: Floats) -> Floats:
        """Mean rows times shares, scaled, for some tastes: ``weights`` float32[tastes, films], float32[tastes, u]."""
        total = weights.sum(axis=1, keepdims=True)
        share = weights / np.where(total > 0, total, 1)
        mean = share @ values
        focused = mean * (share @ has) ** np.float32(self.focus)
        lengths = (mean * focused).sum(axis=1, keepdims=True)
        scale = (mean * mean).sum(axis=1, keepdims=True) / np.where(lengths > 0, lengths, 1)
        return np.asarray(scale * focused, np.float32)
