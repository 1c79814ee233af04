"""The kind of films that a taste means: Bayesian concept learning over traits and pairs of traits.

A hypothesis is a set of films: those with a trait, or with two traits, that at least two films of the taste have. It
explains each film in it with likelihood 1 / size, where size is the share of what people watch (the size principle: it
is no coincidence that all examples fall into a small set), and leaves the others to chance.

Three French films of the 1960s mean French films of the 1960s, not whatever their viewers like best. Each film of the
taste has its own distribution over the hypotheses that contain it, so two tastes in one person stay two. A film's score
is the probability that it is meant; of the films meant, well-known ones score higher (``fame``).

Tenenbaum and Griffiths, "Generalization, similarity, and Bayesian inference", Behavioral and Brain Sciences 24, 2001.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import ByRows, counted
from services.recommender.domain.catalogue import TraitKind
from services.recommender.facts import Facts
from services.recommender.signals.plan import HELD_BY
from services.recommender.signals.signal import Cites, Floats, Inputs, KernelMean, LeftOut, Rows, shares
from services.recommender.taste.traits import FilmTraits

# Maximum number of traits in hypotheses, the most informative ones: 16 traits and 120 pairs.
MOST_TRAITS = 16
# The share of the films that a hypothesis may leave to chance.
CHANCE = 0.2
TINY = float(np.finfo(np.float64).tiny)

Odds = NDArray[np.float64]


def _shared(facts: Facts, films: FilmTraits, among: NDArray[np.bool_], kinds: Floats) -> tuple[Rows, NDArray[np.intp]]:
    """Return the traits of some ``kinds`` that at least two of the films ``among`` share, int32[u], ascending, and the
    number of films that share each.
    """
    traits, held = counted(films.ids[among[films.owner]])
    is_shared = (held >= HELD_BY) & (kinds[facts.bundle.catalogue.traits.kinds[traits]] > 0)
    return traits[is_shared].astype(np.int32), held[is_shared]


def _idf(facts: Facts, traits: Rows) -> Odds:
    """Return the rarity of each trait, float64[traits]."""
    catalogue = facts.bundle.catalogue
    return np.asarray(np.log1p(len(catalogue) / catalogue.traits.films[traits]), np.float64)


def most_telling(tells: Odds) -> NDArray[np.bool_]:
    """Return which traits become hypotheses for each choice of films, bool[choices, traits]: those with the largest
    positive information (float64[choices, traits]); the first on ties.
    """
    if tells.shape[1] <= MOST_TRAITS:
        return tells > 0
    least = -np.partition(-tells, MOST_TRAITS - 1, axis=1)[:, MOST_TRAITS - 1, None]
    above, ties = tells > least, tells == least
    room = MOST_TRAITS - above.sum(axis=1, keepdims=True)
    return np.asarray((above | (ties & (np.cumsum(ties, axis=1) <= room))) & (tells > 0), bool)


def by_kind(priors: Mapping[TraitKind, float]) -> Floats:
    """Return the prior of each kind of trait, float32[kinds]; 0 if none is given."""
    return np.array([priors.get(kind, 0.0) for kind in TraitKind], np.float32)


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """``films``: the traits of the films to explain. ``traits`` int32[u], ascending. ``kinds`` float32[kinds]: prior of
    each kind of trait, divided among the traits of the kind. ``paired``: pairs of traits are hypotheses, too. ``cut``:
    there were more traits than are used.
    """

    facts: Facts
    films: FilmTraits
    traits: Rows
    kinds: Floats
    paired: bool = True
    cut: bool = False

    @classmethod
    def of(cls, facts: Facts, films: FilmTraits, among: NDArray[np.bool_], kinds: Floats, paired: bool) -> "Hypotheses":
        """Return the hypotheses that contain at least two of the films ``among``, bool[films]."""
        traits, held = _shared(facts, films, among, kinds)
        most = most_telling(held[None, :] * _idf(facts, traits))[0]
        return cls(facts, films, traits[most], kinds, paired, len(traits) > MOST_TRAITS)

    def without_each(self, among: NDArray[np.bool_], left_out: Rows) -> tuple["Hypotheses", NDArray[np.bool_] | None]:
        """Return the hypotheses of the films ``among`` without each of ``left_out`` (indices): the union over these
        choices, and which belong to each choice, bool[left_out, hypotheses]; None if all belong to every choice.
        """
        if not self.cut:
            return self, None
        # Without a film, other traits may be among the most informative.
        traits, held = _shared(self.facts, self.films, among, self.kinds)
        has = (self.films.dense(traits)[left_out] > 0) & among[left_out, None]
        remaining = held - has
        most = most_telling(np.where(remaining >= HELD_BY, remaining * _idf(self.facts, traits), 0))
        in_any = most.any(axis=0)
        union, most = replace(self, traits=traits[in_any]), most[:, in_any]
        first, second = union.pairs
        return union, most[:, first] & most[:, second]

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The hypotheses, as places in ``traits``: each trait (paired with itself) and each pair."""
        alone = np.arange(len(self.traits))
        return np.triu_indices(len(self.traits)) if self.paired else (alone, alone)

    @cached_property
    def held(self) -> Floats:
        """1 if a hypothesis contains a film to explain, else 0, float32[films, hypotheses]."""
        return self.holds(self.films)

    def holds(self, films: FilmTraits) -> Floats:
        """Return 1 if a hypothesis contains a film, else 0, float32[films, hypotheses]."""
        # By trait, as copying rows is faster than copying columns.
        has = np.ascontiguousarray(films.dense(self.traits).T > 0)
        first, second = self.pairs
        return np.asarray(has[first] & has[second], np.float32).T

    def odds(self, among: NDArray[np.bool_], counter: Odds | None = None) -> tuple[Odds, float]:
        """Return the odds of each hypothesis for each film of those ``among`` that it contains, float64[films,
        hypotheses], and those of "any film"; together they are normalised to a distribution. ``counter``
        float64[hypotheses]: logarithm of the evidence against each.
        """
        has = self.held * among[:, None]
        odds, of_any = self.odds_of(has.sum(axis=0)[None, :], int(np.count_nonzero(among)), counter)
        return np.asarray(has * odds[0], np.float64), float(of_any[0])

    def odds_of(
        self, held: Floats, films: int | NDArray[np.intp], counter: Odds | None = None
    ) -> tuple[Odds, NDArray[np.float64]]:
        """Return the odds for several choices of films to explain, of which each hypothesis contains ``held``
        float32[choices, hypotheses] of ``films`` [choices]: float64[choices, hypotheses], and those of "any film",
        float64[choices]. ``counter`` as above, or float64[choices, hypotheses]; -inf excludes a hypothesis.
        """
        others = np.asarray(films)[..., None] - held
        evidence = held * np.log((1 - CHANCE) / self._sizes + CHANCE) + others * np.log(CHANCE)
        if counter is not None:
            evidence = evidence + counter
        against_any = np.where(held >= HELD_BY, self._priors + evidence, -np.inf)
        top = np.maximum(against_any.max(axis=1, initial=0.0), 0.0)
        # Never 0: where hundreds of films agree, the odds of "any film" underflow, and a film that is in no hypothesis
        # has no other odds.
        return np.exp(against_any - top[:, None]), np.maximum(np.exp(-top), TINY)

    def posterior(self, among: NDArray[np.bool_], counter: Odds | None = None) -> Floats:
        """Return the probability that each film means each hypothesis, float32[films, hypotheses]. The rest up to 1 of
        a row is "any film".
        """
        odds, of_any = self.odds(among, counter)
        return np.asarray(odds / (of_any + odds.sum(axis=1, keepdims=True)), np.float32)

    @cached_property
    def _sizes(self) -> Floats:
        """Size of each hypothesis as a share of what people watch, float32[hypotheses]."""
        return self.facts.watched(self.traits)[self.pairs]

    @cached_property
    def _priors(self) -> Floats:
        """Logarithm of each hypothesis' prior, float32[hypotheses]."""
        kinds = self.facts.bundle.catalogue.traits.kinds[self.traits]
        single = np.log(self.kinds[kinds] / self.facts.traits_of_kind[kinds])
        first, second = self.pairs
        return np.asarray(np.where(first == second, single[first], single[first] + single[second]), np.float32)


# Prior of each kind of trait, up to a factor. It is divided among the traits of the kind, and there are thousands of
# keywords; few people think in periods of twenty years.
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
    the films from which the concept is learned.
    """

    weight: float
    fame: float
    inputs: Inputs
    liked: NDArray[np.bool_]
    weights: Floats
    name: str = "concept"
    cites: Cites = Cites.TRAITS

    @classmethod
    def of(cls, inputs: Inputs) -> "Concept | None":
        """Return None without a weight, or if fewer than two films are liked."""
        liked = inputs.taste.base >= 1
        if not inputs.plan.concept or np.count_nonzero(liked) < HELD_BY:
            return None
        return cls(inputs.plan.concept, inputs.plan.fame, inputs, liked, inputs.weights)

    @cached_property
    def hypotheses(self) -> Hypotheses:
        """Hypotheses on what the liked films have in common."""
        return Hypotheses.of(self.inputs.facts, self.inputs.film_traits, self.liked, PRIORS, paired=True)

    @property
    def traits(self) -> Rows:
        """The traits that two liked films share, ascending, int32[u]; if there are many, the most informative."""
        return self.hypotheses.traits

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`: the probability that each film of the taste means each film."""
        return np.asarray(self._meant @ self._holds(rows).T, np.float32)

    def factor(self, rows: Rows) -> Floats:
        """Return the score of a film that is certainly meant, float32[rows]."""
        famous = 1 + np.float32(self.fame) * self.inputs.facts.prior[rows]
        return np.asarray(np.float32(self.weight) * self.inputs.facts.quality[rows] * famous, np.float32)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self.factor(rows) * (self._holds(rows) @ self._mean(self._meant)), np.float32)

    def influence_by_trait(self, rows: Rows) -> Floats:
        """Return by how much each film's score falls if the taste's films had none of a trait, float32[rows, traits]:
        they then mean one of the remaining hypotheses.
        """
        odds, of_any = self.hypotheses.odds(self.liked)
        places = np.arange(len(self.traits))[:, None]
        first, second = self.hypotheses.pairs
        left = (first != places) & (second != places)
        # The odds stay the same; the remaining ones are normalised again: one division per film of the taste and trait.
        means = ((shares(self.weights)[:, None] / (of_any + odds @ left.T)).T @ odds) * left
        holds = self._holds(rows)
        falls = (holds @ self._mean(self._meant))[:, None] - holds @ means.T
        return np.asarray(self.factor(rows)[:, None] * falls, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`: the rest of the taste may mean something else."""
        films = left_out.films
        hypotheses, own = self.hypotheses.without_each(self.liked, films)
        has = hypotheses.held * self.liked[:, None]
        odds, of_any = hypotheses.odds_of(
            has.sum(axis=0) - has[films],
            np.count_nonzero(self.liked) - self.liked[films],
            None if own is None else np.where(own, 0.0, -np.inf),
        )
        weights = np.tile(self.weights, (len(films), 1))
        weights[:, left_out.moved] += left_out.change
        # As in ``influence_by_trait``, one division per film left out, whose own weight is 0.
        parts = np.stack([shares(row) for row in weights]) / (of_any[:, None] + odds @ has.T)
        same = hypotheses is self.hypotheses
        holds = self._holds(rows) if same else hypotheses.holds(self.inputs.traits_of(rows))
        return np.asarray(self.factor(rows) * (((parts @ has) * odds) @ holds.T), np.float32)

    def _mean(self, meant: Floats) -> Floats:
        """Return what the taste as a whole means, float32[hypotheses]."""
        return np.asarray(shares(self.weights) @ meant, np.float32)

    @cached_property
    def _meant(self) -> Floats:
        """What each film of the taste means, float32[taste films, hypotheses]."""
        return self.hypotheses.posterior(self.liked)

    def _holds(self, rows: Rows) -> Floats:
        """Return 1 if a hypothesis contains a film, else 0, float32[rows, hypotheses]."""
        return self._held.get(rows, lambda rows: self.hypotheses.holds(self.inputs.traits_of(rows)))

    @cached_property
    def _held(self) -> ByRows[Floats]:
        return ByRows()
