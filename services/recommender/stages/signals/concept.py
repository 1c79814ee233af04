"""Which films are meant by the films of a taste: Bayesian concept learning over traits and pairs of traits.

Three French films of the 1960s stand for French films of the 1960s, not for what their viewers like best. A hypothesis
is a set of films: those with a trait, or with two. It explains the films of the taste that it holds, each with
1 / its size (the size principle: that a small set holds all of them is no coincidence), and leaves the others to
chance; size is the share of what people watch. Each film of the taste has a distribution of its own over the hypotheses
that hold it, so two tastes in one person stay two. What a film scores is how likely it is meant; of the films that are
meant the better-known ones are better company (``fame``).

Tenenbaum and Griffiths, "Generalization, similarity, and Bayesian inference", Behavioral and Brain Sciences 24, 2001.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.distinct import counted
from services.recommender.stages.facts import Facts
from services.recommender.stages.plan import HELD_BY
from services.recommender.stages.signals.inputs import Inputs
from services.recommender.stages.signals.signal import Floats, KernelMean, LeftOut, Rows, shares
from services.recommender.stages.traits import FilmTraits, Known

# Of many shared traits those that tell most make the hypotheses: 16 and 120 pairs.
MOST_TRAITS = 16
# The share of a taste's films that a hypothesis may leave to chance.
CHANCE = 0.2
# How likely each kind of trait is meant before any film is seen; shared out among the traits of the kind.
_PRIOR_OF = {
    TraitKind.GENRE: 0.25,
    TraitKind.DECADE: 0.15,
    TraitKind.LANGUAGE: 0.15,
    TraitKind.DIRECTOR: 0.15,
    TraitKind.KEYWORD: 0.15,
    TraitKind.CAST: 0.1,
    TraitKind.SERIES: 0.05,
}
TINY = float(np.finfo(np.float64).tiny)
_PRIORS = np.array([_PRIOR_OF[kind] for kind in TraitKind], np.float32)


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

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`: how likely each film is meant by each film of the taste."""
        return np.asarray(self._meant @ self._holds_rows(rows).T, np.float32)

    def factor(self, rows: Rows) -> Floats:
        """What it counts that a film is meant, float32[rows]."""
        known = 1 + np.float32(self.fame) * self.facts.prior[rows]
        return np.asarray(np.float32(self.weight) * self.facts.quality[rows] * known, np.float32)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self.factor(rows) * (self._holds_rows(rows) @ self._mean(self._meant)), np.float32)

    def falls_by_trait(self, rows: Rows) -> Floats:
        """By how much each film's score falls had the taste's films none of a trait, float32[rows, traits]: what they
        mean then is one of the hypotheses that are left.
        """
        odds, of_any = self._odds(self.liked)
        places = np.arange(len(self.traits))[:, None]
        first, second = self._pairs
        left = (first != places) & (second != places)
        # The odds stay; what is left of them is all there is: one division a film of the taste and trait.
        means = ((shares(self.weights)[:, None] / (of_any + odds @ left.T)).T @ odds) * left
        holds = self._holds_rows(rows)
        falls = (holds @ self._mean(self._meant))[:, None] - holds @ means.T
        return np.asarray(self.factor(rows)[:, None] * falls, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`: what is left of the taste may mean something else."""
        holds = self._holds_rows(rows).T
        out = np.zeros((len(left_out.suspects), len(rows)), np.float32)
        for place, (suspect, change) in enumerate(zip(left_out.suspects, left_out.change, strict=True)):
            liked, weights = self.liked.copy(), self.weights.copy()
            liked[suspect] = False
            weights[left_out.moved] += change
            out[place] = shares(weights) @ self._posterior(liked) @ holds
        return np.asarray(self.factor(rows) * out, np.float32)

    def _mean(self, meant: Floats) -> Floats:
        """What the taste as a whole stands for, float32[hypotheses]."""
        return np.asarray(shares(self.weights) @ meant, np.float32)

    @cached_property
    def _meant(self) -> Floats:
        """What each film of the taste stands for."""
        return self._posterior(self.liked)

    def _posterior(self, liked: NDArray[np.bool_]) -> Floats:
        """How likely each hypothesis is what each film of the taste stands for, float32[taste films, hypotheses],
        where those ``liked`` say so. What is missing to 1 in a row is "any film".
        """
        odds, of_any = self._odds(liked)
        return np.asarray(odds / (of_any + odds.sum(axis=1, keepdims=True)), np.float32)

    def _odds(self, liked: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
        """The same before they are made to add up to 1, and the odds of "any film" beside them."""
        has = self._has * liked[:, None]
        held = np.count_nonzero(has, axis=0)
        evidence = held * np.log((1 - CHANCE) / self._sizes + CHANCE)
        evidence += (np.count_nonzero(liked) - held) * np.log(CHANCE)
        against_any = np.where(held >= HELD_BY, self._priors + evidence, -np.inf)
        top = max(float(against_any.max(initial=0.0)), 0.0)
        # Never 0: where hundreds of films agree, "any film" is less than a float holds; one without a hypothesis has 0.
        return np.asarray(has * np.exp(against_any - top), np.float64), max(float(np.exp(-top)), TINY)

    @cached_property
    def traits(self) -> Rows:
        """The traits that two liked films share, ascending, int32[u]; of many, those that tell most."""
        films = self.known.films
        traits, held = counted(films.ids[self.liked[films.owner]])
        traits, held = traits[held >= HELD_BY], held[held >= HELD_BY]
        catalogue = self.facts.bundle.catalogue
        tells = held * np.log1p(len(catalogue) / catalogue.traits.films[traits])
        return np.sort(traits[np.argsort(-tells, kind="stable")[:MOST_TRAITS]])

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The hypotheses, each trait (with itself) and each two, as places in ``traits``."""
        return np.triu_indices(len(self.traits))

    def _holds_rows(self, rows: Rows) -> Floats:
        """See ``_holds``."""
        return self._holds(self.known.rows.films(rows))

    def _holds(self, films: FilmTraits) -> Floats:
        """1 where a film is held by a hypothesis, else 0, float32[films, hypotheses]."""
        has = films.dense(self.traits) > 0
        first, second = self._pairs
        return np.asarray(has[:, first] & has[:, second], np.float32)

    @cached_property
    def _has(self) -> Floats:
        """Those of the taste, float32[taste films, hypotheses]."""
        return self._holds(self.known.films)

    @cached_property
    def _sizes(self) -> Floats:
        """The share of what people watch that each hypothesis holds, float32[hypotheses]."""
        return self.facts.audiences.of_pairs(self.traits)[self._pairs]

    @cached_property
    def _priors(self) -> Floats:
        """The logarithm of each hypothesis' prior, float32[hypotheses]."""
        kinds = self.facts.bundle.catalogue.traits.kinds[self.traits]
        of_one = np.log(_PRIORS[kinds] / self.facts.traits_of_kind[kinds])
        first, second = self._pairs
        return np.asarray(np.where(first == second, of_one[first], of_one[first] + of_one[second]), np.float32)
