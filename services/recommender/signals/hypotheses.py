"""What films may have in common: the traits that at least two of them share, and pairs of these.

A hypothesis is a set of films: those with a trait, or with two. It explains each film it holds with likelihood
1 / its size, where size is the share of what people watch (the size principle: that a small set holds them all is no
coincidence), and leaves the others to chance.

Tenenbaum and Griffiths, "Generalization, similarity, and Bayesian inference", Behavioral and Brain Sciences 24, 2001.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.distinct import counted
from services.recommender.facts import Facts
from services.recommender.signals.plan import HELD_BY
from services.recommender.signals.signal import Floats, Rows
from services.recommender.taste.traits import FilmTraits

# Of many shared traits the most telling make the hypotheses: 16 and 120 pairs.
MOST_TRAITS = 16
# The share of the films that a hypothesis may leave to chance.
CHANCE = 0.2
TINY = float(np.finfo(np.float64).tiny)

Odds = NDArray[np.float64]


def _shared(facts: Facts, films: FilmTraits, among: NDArray[np.bool_], kinds: Floats) -> tuple[Rows, NDArray[np.intp]]:
    """The traits of some ``kinds`` that two films ``among`` share, int32[u], ascending, and how many share each."""
    traits, held = counted(films.ids[among[films.owner]])
    telling = (held >= HELD_BY) & (kinds[facts.bundle.catalogue.traits.kinds[traits]] > 0)
    return traits[telling].astype(np.int32), held[telling]


def _idf(facts: Facts, traits: Rows) -> Odds:
    """How rare each trait is, float64[traits]."""
    catalogue = facts.bundle.catalogue
    return np.asarray(np.log1p(len(catalogue) / catalogue.traits.films[traits]), np.float64)


def most_telling(tells: Odds) -> NDArray[np.bool_]:
    """Which traits make hypotheses for each choice of films, by what they tell, float64[choices, traits]: the largest
    above 0, of equal ones the first. bool[choices, traits].
    """
    if tells.shape[1] <= MOST_TRAITS:
        return tells > 0
    least = -np.partition(-tells, MOST_TRAITS - 1, axis=1)[:, MOST_TRAITS - 1, None]
    above, level = tells > least, tells == least
    room = MOST_TRAITS - above.sum(axis=1, keepdims=True)
    return np.asarray((above | (level & (np.cumsum(level, axis=1) <= room))) & (tells > 0), bool)


def by_kind(priors: Mapping[TraitKind, float]) -> Floats:
    """The prior of each kind of trait, float32[kinds]; 0 where none is given."""
    return np.array([priors.get(kind, 0.0) for kind in TraitKind], np.float32)


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """``films``: the traits of the films to explain. ``traits`` int32[u], ascending. ``kinds`` float32[kinds]: how
    likely each kind of trait is meant before any film is seen, shared out among the traits of the kind. ``paired``:
    two traits together are a hypothesis as well. ``cut``: there were more traits than make hypotheses.
    """

    facts: Facts
    films: FilmTraits
    traits: Rows
    kinds: Floats
    paired: bool = True
    cut: bool = False

    @classmethod
    def of(cls, facts: Facts, films: FilmTraits, among: NDArray[np.bool_], kinds: Floats, paired: bool) -> "Hypotheses":
        """Those that hold two of the films ``among``, bool[films]."""
        traits, held = _shared(facts, films, among, kinds)
        most = most_telling(held[None, :] * _idf(facts, traits))[0]
        return cls(facts, films, traits[most], kinds, paired, len(traits) > MOST_TRAITS)

    def without_each(self, among: NDArray[np.bool_], left_out: Rows) -> tuple["Hypotheses", NDArray[np.bool_] | None]:
        """The hypotheses of the films ``among`` had each of ``left_out`` (indices) never been there: those of any of
        these choices together, and which are each one's own, bool[left_out, hypotheses]; None if all are everyone's.
        """
        if not self.cut:
            return self, None
        # A film that is left out may make room for other traits among the most telling.
        traits, held = _shared(self.facts, self.films, among, self.kinds)
        has = (self.films.dense(traits)[left_out] > 0) & among[left_out, None]
        left = held - has
        most = most_telling(np.where(left >= HELD_BY, left * _idf(self.facts, traits), 0))
        any_of_them = most.any(axis=0)
        every, most = replace(self, traits=traits[any_of_them]), most[:, any_of_them]
        first, second = every.pairs
        return every, most[:, first] & most[:, second]

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The hypotheses: each trait (with itself) and each two, as places in ``traits``."""
        alone = np.arange(len(self.traits))
        return np.triu_indices(len(self.traits)) if self.paired else (alone, alone)

    @cached_property
    def held(self) -> Floats:
        """1 where a film to explain is held by a hypothesis, else 0, float32[films, hypotheses]."""
        return self.holds(self.films)

    def holds(self, films: FilmTraits) -> Floats:
        """1 where a film is held by a hypothesis, else 0, float32[films, hypotheses]."""
        # By trait, since rows are copied faster than columns.
        has = np.ascontiguousarray(films.dense(self.traits).T > 0)
        first, second = self.pairs
        return np.asarray(has[first] & has[second], np.float32).T

    def odds(self, among: NDArray[np.bool_], counter: Odds | None = None) -> tuple[Odds, float]:
        """The odds of each hypothesis for each film it holds of those ``among``, float64[films, hypotheses], and those
        of "any film"; together they are to be made a distribution. ``counter`` float64[hypotheses]: the logarithm of
        what speaks against each.
        """
        has = self.held * among[:, None]
        odds, of_any = self.odds_of(has.sum(axis=0)[None, :], int(np.count_nonzero(among)), counter)
        return np.asarray(has * odds[0], np.float64), float(of_any[0])

    def odds_of(
        self, held: Floats, films: int | NDArray[np.intp], counter: Odds | None = None
    ) -> tuple[Odds, NDArray[np.float64]]:
        """The odds for some choices of films to explain, of which each hypothesis holds ``held`` float32[choices,
        hypotheses] of ``films`` [choices]: float64[choices, hypotheses], and those of "any film", float64[choices].
        ``counter`` as above, or float64[choices, hypotheses]; -inf rules one out.
        """
        others = np.asarray(films)[..., None] - held
        evidence = held * np.log((1 - CHANCE) / self._sizes + CHANCE) + others * np.log(CHANCE)
        if counter is not None:
            evidence = evidence + counter
        against_any = np.where(held >= HELD_BY, self._priors + evidence, -np.inf)
        top = np.maximum(against_any.max(axis=1, initial=0.0), 0.0)
        # Never 0: where hundreds of films agree, "any film" is less than a float holds; one without a hypothesis has 0.
        return np.exp(against_any - top[:, None]), np.maximum(np.exp(-top), TINY)

    def posterior(self, among: NDArray[np.bool_], counter: Odds | None = None) -> Floats:
        """How likely each hypothesis is what each film stands for, float32[films, hypotheses]. What is missing to 1 in
        a row is "any film".
        """
        odds, of_any = self.odds(among, counter)
        return np.asarray(odds / (of_any + odds.sum(axis=1, keepdims=True)), np.float32)

    @cached_property
    def _sizes(self) -> Floats:
        """The share of what people watch that each hypothesis holds, float32[hypotheses]."""
        return self.facts.audiences.of_pairs(self.traits)[self.pairs]

    @cached_property
    def _priors(self) -> Floats:
        """The logarithm of each hypothesis' prior, float32[hypotheses]."""
        kinds = self.facts.bundle.catalogue.traits.kinds[self.traits]
        of_one = np.log(self.kinds[kinds] / self.facts.traits_of_kind[kinds])
        first, second = self.pairs
        return np.asarray(np.where(first == second, of_one[first], of_one[first] + of_one[second]), np.float32)
