"""Which films are meant by the films of a taste: Bayesian concept learning over traits and pairs of traits.

Three French films of the 1960s stand for French films of the 1960s, not for the best-liked films of whoever liked
them. A hypothesis is a set of films: those with a trait, or with two. It explains the films of the taste that it
holds, each with 1 / its size (the size principle: a small set that holds all of them is no coincidence), and leaves
the others to chance; size is the share of what people watch. Each film of the taste has a distribution of its own over
the hypotheses that hold it, so two tastes in one person stay two. A film scores by how likely it is meant.

Tenenbaum and Griffiths, "Generalization, similarity, and Bayesian inference", Behavioral and Brain Sciences 24, 2001.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.stages.facts import Facts
from services.recommender.stages.signals.inputs import Inputs
from services.recommender.stages.signals.signal import Floats, KernelMean, LeftOut, Rows, shares
from services.recommender.stages.traits import Known

# A trait of one film only explains nothing; the traits most of the taste's evidence stands behind make the pairs.
HELD_BY = 2
MOST_TRAITS = 24
# The share of a taste's films that a hypothesis may leave to chance, and how far the films of a taste count as
# independent draws: people don't choose their three films by lot.
CHANCE = 0.2
INDEPENDENCE = 0.7
# What each kind of trait is likely to be meant by, before any film is seen; shared out among the traits of a kind.
_PRIOR_OF = {
    TraitKind.GENRE: 0.25,
    TraitKind.DECADE: 0.15,
    TraitKind.LANGUAGE: 0.15,
    TraitKind.DIRECTOR: 0.15,
    TraitKind.KEYWORD: 0.15,
    TraitKind.CAST: 0.1,
    TraitKind.SERIES: 0.05,
}
_PRIORS = np.array([_PRIOR_OF[kind] for kind in TraitKind], np.float32)


@dataclass(frozen=True, eq=False)
class Concept(KernelMean):
    """``weight`` of the term; ``weights`` float32[taste films]; ``liked`` bool[taste films]: those that say what is
    meant.
    """

    weight: float
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
        return cls(inputs.plan.concept, inputs.facts, inputs.known, liked, inputs.weights)

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`: how likely each film is meant by each film of the taste."""
        return self._meant(self._posterior(self.liked), rows)

    def factor(self, rows: Rows) -> np.float32:  # noqa: ARG002 - the same for all films
        """See :class:`KernelMean`."""
        return np.float32(self.weight)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`: what is left of the taste may mean something else."""
        held = self._held(rows)
        out = np.zeros((len(left_out.suspects), len(rows)), np.float32)
        for place, (suspect, change) in enumerate(zip(left_out.suspects, left_out.change, strict=True)):
            liked, weights = self.liked.copy(), self.weights.copy()
            liked[suspect] = False
            weights[left_out.moved] += change
            out[place] = shares(weights) @ self._posterior(liked) @ held
        return np.asarray(np.float32(self.weight) * out, np.float32)

    def _meant(self, posterior: Floats, rows: Rows) -> Floats:
        return np.asarray(posterior @ self._held(rows), np.float32)

    def _held(self, rows: Rows) -> Floats:
        """Which of some films each hypothesis holds, float32[hypotheses, rows]."""
        has = self.known.rows.films(rows).dense(self._traits) > 0
        first, second = self._pairs
        return np.asarray((has[:, first] & has[:, second]).T, np.float32)

    @cached_property
    def _traits(self) -> Rows:
        """The traits that two liked films share, ascending, int32[u]; of many those that explain most."""
        found = self.known.films
        ids = np.sort(found.ids[self.liked[found.owner]])
        held = np.searchsorted(ids, ids, "right") - np.searchsorted(ids, ids)
        shared, held = ids[held >= HELD_BY], held[held >= HELD_BY]
        explained = held * np.log1p(len(self.facts.bundle.catalogue) / self.facts.bundle.catalogue.traits.films[shared])
        best = np.argsort(-explained, kind="stable")
        return np.sort(shared[best][_first(shared[best])][:MOST_TRAITS])

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The hypotheses: each trait (with itself), and each two, as places in ``_traits``."""
        return np.triu_indices(len(self._traits))

    @cached_property
    def _sizes(self) -> Floats:
        """The share of what people watch that each hypothesis holds, float32[hypotheses]."""
        return self.facts.audiences.of_pairs(self._traits)[self._pairs]

    @cached_property
    def _priors(self) -> Floats:
        """Log prior of each hypothesis, float32[hypotheses]."""
        traits = self.facts.bundle.catalogue.traits
        one = np.log(_PRIORS[traits.kinds[self._traits]] / self.facts.traits_of_kind[traits.kinds[self._traits]])
        first, second = self._pairs
        return np.asarray(np.where(first == second, one[first], one[first] + one[second]), np.float32)

    @cached_property
    def _has(self) -> NDArray[np.bool_]:
        """bool[taste films, hypotheses]."""
        has = self.known.films.dense(self._traits) > 0
        first, second = self._pairs
        return np.asarray(has[:, first] & has[:, second])

    def _posterior(self, liked: NDArray[np.bool_]) -> Floats:
        """What each film of the taste stands for, float32[taste films, hypotheses], given those ``liked``; what is
        missing to 1 in a row is "anything".
        """
        has = self._has & liked[:, None]
        gain = np.log((1 - CHANCE) / self._sizes + CHANCE)
        held = has.sum(axis=0)
        evidence = held * gain + (np.count_nonzero(liked) - held) * np.log(CHANCE)
        odds = np.exp(np.minimum(self._priors + INDEPENDENCE * evidence, 60.0)) * (held >= HELD_BY)
        of_film = has * odds
        return np.asarray(of_film / (1 + of_film.sum(axis=1, keepdims=True)), np.float32)


def _first(values: Rows) -> NDArray[np.intp]:
    """Where each value stands first, in the order of the array."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return np.sort(order[new])
