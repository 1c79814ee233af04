"""Deductions for disliked films: for films similar to them, and for what they have in common.

:class:`Dislikes` lowers films by their similarity to the disliked ones, never by more than the plan's weight.

:class:`Aversion` lowers films that share what the disliked ones have in common: three disliked horror films mean "no
horror", not only "nothing like these". It is the model of ``concept.py`` reversed, over single traits only: a person
who avoids a kind of film avoids all of it, so pairs would be too narrow. A like counts against every hypothesis that
contains it: a person who likes science fiction and dislikes Alien and The Thing means horror.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import BEST
from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.tables import CollaborativeTables, TableEntries
from services.recommender.facts import Facts
from services.recommender.signals.concept import Hypotheses, by_kind
from services.recommender.signals.plan import HELD_BY
from services.recommender.signals.signal import Cites, Deduction, Dense, Floats, Impersonal, Inputs, LeftOut, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Dislikes(Impersonal):
    """``values`` float32[T], in table space."""

    tables: CollaborativeTables
    values: Floats
    name: str = "dislike"
    cites: Cites = Cites.FILMS

    @classmethod
    def of(cls, inputs: Inputs) -> "Dislikes | None":
        """Return None if nothing was disliked."""
        if not inputs.plan.dislike:
            return None
        tables, taste = inputs.bundle.collaborative, inputs.taste
        penalty = dislike_penalty(tables, tables.entries(taste.disliked), taste.dislike_weights)
        return cls(tables, np.float32(-inputs.plan.dislike) * penalty)

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.values, in_tables=True)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.tables.at(self.values, rows)


def dislike_penalty(tables: CollaborativeTables, entries: TableEntries, weights: Floats) -> Floats:
    """Return each film's similarity to the disliked ones, float32[T] in 0 ... 1, in table space: the positive parts of
    their rows in the main table, each scaled by the mean of its best 50, weighted (``weights`` float32[disliked]),
    summed and capped.
    """
    rows = np.maximum(tables.main.rows(entries.positions), 0)
    best = np.partition(rows, -min(BEST, rows.shape[1]), axis=1)[:, -BEST:].mean(axis=1)
    share = np.where(best > 0, weights[entries.films] * entries.shares / np.where(best > 0, best, 1), np.float32(0))
    likeness = np.zeros(len(tables.rows), np.float32)
    rows *= share[:, None]
    np.add.at(likeness, tables.main.columns[entries.positions].ravel().astype(np.intp), rows.ravel())
    return np.minimum(likeness, 1)


# Prior of each kind of trait as what is disliked; a decade hardly ever is.
PRIORS = by_kind(
    {
        TraitKind.GENRE: 0.3,
        TraitKind.LANGUAGE: 0.15,
        TraitKind.DIRECTOR: 0.15,
        TraitKind.KEYWORD: 0.25,
        TraitKind.CAST: 0.1,
        TraitKind.SERIES: 0.05,
    }
)
# Likelihood of liking a film that has what one dislikes.
LIKED = 0.1


@dataclass(frozen=True, eq=False)
class Aversion(Deduction):
    """``disliked``: hypotheses on what the disliked films have in common. ``likes`` float32[taste films, hypotheses]: 1
    if the hypothesis contains a liked film.
    """

    weight: float
    facts: Facts
    disliked: Hypotheses
    likes: Floats
    name: str = "aversion"

    @classmethod
    def of(cls, inputs: Inputs) -> "Aversion | None":
        """Return None without a weight, or if the disliked films have nothing in common. Low ratings are not used:
        people rate low for many reasons.
        """
        taste, facts = inputs.taste, inputs.facts
        films = taste.disliked[taste.dislike_weights >= 1]
        if not inputs.plan.aversion or len(films) < HELD_BY:
            return None
        everything = np.ones(len(films), bool)
        hypotheses = Hypotheses.of(facts, facts.trait_rows.films(films), everything, PRIORS, paired=False)
        if not len(hypotheses.traits):
            return None
        likes = hypotheses.holds(inputs.film_traits) * (taste.base >= 1)[:, None]
        return cls(inputs.plan.aversion, facts, hypotheses, likes)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`: minus the weight for a film that certainly has what is disliked."""
        return np.asarray(self._scores(rows, self._meant(self.likes.sum(axis=0))[None, :])[0], np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`."""
        counts = self.likes.sum(axis=0) - self.likes[left_out.films]
        return self._scores(rows, np.stack([self._meant(likes) for likes in counts]))

    def _meant(self, likes: Floats) -> Floats:
        """Return what is disliked, float32[hypotheses], given the number of likes that each hypothesis contains
        (``likes`` float32[hypotheses]).
        """
        counter = np.asarray(likes * np.log(LIKED), np.float64)
        return np.asarray(self.disliked.posterior(self._everything, counter).mean(axis=0), np.float32)

    def _scores(self, rows: Rows, meant: Floats) -> Floats:
        """Return the scores under some readings of what is disliked (``meant`` float32[readings, hypotheses]),
        float32[readings, rows].
        """
        holds = self.disliked.holds(self.facts.trait_rows.films(rows))
        return self.deducted(meant @ holds.T)

    @cached_property
    def _everything(self) -> NDArray[np.bool_]:
        return np.ones(len(self.disliked.films.lengths), bool)
