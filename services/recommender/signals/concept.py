"""Which films are meant by the films of a taste: Bayesian concept learning over traits and pairs of traits.

Three French films of the 1960s stand for French films of the 1960s, not for what their viewers like best. Each film of
the taste has a distribution of its own over the hypotheses that hold it, so two tastes in one person stay two. A film's
score is how likely it is meant; of the films that are meant, the better-known ones are better company (``fame``). See
``hypotheses.py`` for the model and its source.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.facts import Facts
from services.recommender.signals.hypotheses import Hypotheses, by_kind
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.plan import HELD_BY
from services.recommender.signals.signal import Floats, KernelMean, LeftOut, Rows, shares
from services.recommender.taste.traits import Known

# How likely each kind of trait is meant before any film is seen, up to a factor. A kind shares its part out among its
# traits, and of keywords there are thousands; few people think in twenty years.
PRIORS = by_kind(
    {
        TraitKind.GENRE: 0.25,
        TraitKind.DECADE: 0.15,
        TraitKind.LANGUAGE: 0.15,
        TraitKind.DIRECTOR: 0.15,
        TraitKind.KEYWORD: 0.75,
        TraitKind.CAST: 0.1,
        TraitKind.SERIES: 0.05,
        TraitKind.ERA: 0.02,
    }
)


@dataclass(frozen=True, eq=False)
class Concept(KernelMean):
    """``weight`` of the term and ``fame`` of the plan; ``weights`` float32[taste films]; ``liked`` bool[taste films]:
    those that say what is meant.
    """

    weight: float
    fame: float
    facts: Facts
    known: Known
    liked: NDArray[np.bool_]
    weights: Floats
    name: str = "concept"

    @classmethod
    def of(cls, inputs: Inputs) -> "Concept | None":
        """None where it has no weight, or fewer than two films are liked."""
        liked = inputs.taste.base >= 1
        if not inputs.plan.concept or np.count_nonzero(liked) < HELD_BY:
            return None
        return cls(inputs.plan.concept, inputs.plan.fame, inputs.facts, inputs.known, liked, inputs.weights)

    @cached_property
    def hypotheses(self) -> Hypotheses:
        """What the liked films may have in common."""
        return Hypotheses.of(self.facts, self.known.films, self.liked, PRIORS, paired=True)

    @property
    def traits(self) -> Rows:
        """The traits that two liked films share, ascending, int32[u]; of many, the most telling."""
        return self.hypotheses.traits

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`: how likely each film is meant by each film of the taste."""
        return np.asarray(self._meant @ self._holds(rows).T, np.float32)

    def factor(self, rows: Rows) -> Floats:
        """What it counts that a film is meant, float32[rows]."""
        known = 1 + np.float32(self.fame) * self.facts.prior[rows]
        return np.asarray(np.float32(self.weight) * self.facts.quality[rows] * known, np.float32)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self.factor(rows) * (self._holds(rows) @ self._mean(self._meant)), np.float32)

    def falls_by_trait(self, rows: Rows) -> Floats:
        """By how much each film's score falls had the taste's films none of a trait, float32[rows, traits]: what they
        mean then is one of the hypotheses that are left.
        """
        odds, of_any = self.hypotheses.odds(self.liked)
        places = np.arange(len(self.traits))[:, None]
        first, second = self.hypotheses.pairs
        left = (first != places) & (second != places)
        # The odds stay; what is left of them is all there is: one division a film of the taste and trait.
        means = ((shares(self.weights)[:, None] / (of_any + odds @ left.T)).T @ odds) * left
        holds = self._holds(rows)
        falls = (holds @ self._mean(self._meant))[:, None] - holds @ means.T
        return np.asarray(self.factor(rows)[:, None] * falls, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`: what is left of the taste may mean something else."""
        suspects = left_out.suspects
        hypotheses, own = self.hypotheses.without_each(self.liked, suspects)
        has = hypotheses.held * self.liked[:, None]
        odds, of_any = hypotheses.odds_of(
            has.sum(axis=0) - has[suspects],
            np.count_nonzero(self.liked) - self.liked[suspects],
            None if own is None else np.where(own, 0.0, -np.inf),
        )
        weights = np.tile(self.weights, (len(suspects), 1))
        weights[:, left_out.moved] += left_out.change
        # As in ``falls_by_trait``, one division a film and suspect. A suspect weighs nothing without itself.
        parts = np.stack([shares(row) for row in weights]) / (of_any[:, None] + odds @ has.T)
        holds = hypotheses.holds(self.known.of_films(rows))
        return np.asarray(self.factor(rows) * (((parts @ has) * odds) @ holds.T), np.float32)

    def _mean(self, meant: Floats) -> Floats:
        """What the taste as a whole stands for, float32[hypotheses]."""
        return np.asarray(shares(self.weights) @ meant, np.float32)

    @cached_property
    def _meant(self) -> Floats:
        """What each film of the taste stands for."""
        return self.hypotheses.posterior(self.liked)

    def _holds(self, rows: Rows) -> Floats:
        """1 where a film is held by a hypothesis, else 0, float32[rows, hypotheses]."""
        return self.hypotheses.holds(self.known.of_films(rows))
