"""A signal: one term of the raw score, and how each film of the taste affects it.

Candidates, ranks, the ``signals`` of a response and the reasons are all derived from it. A signal must be able to
compute its scores without a film of the taste, so that reasons always cover the whole score.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import ByRows
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.embeddings import Centred
from services.recommender.domain.weights import Weights
from services.recommender.facts import Facts
from services.recommender.query.matching import Matches
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import FilmTraits

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]


class Cause(Enum):
    """What a signal depends on: the person's taste, or only the film."""

    TASTE = "taste"
    CATALOGUE = "catalogue"


class Cites(Enum):
    """What a reason names for a signal: films of the taste, films of the taste as far as people like both, traits that
    they share, or nothing personal.
    """

    FILMS = "films"
    LIKED_TOGETHER = "liked together"
    TRAITS = "traits"
    NOTHING = "nothing"


class Dense(NamedTuple):
    """A signal over the whole catalogue, for choosing candidates: ``values`` float32[films], or float32[T] where
    ``in_tables`` (films outside then borrow).
    """

    values: Floats
    in_tables: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Tastes without one film each. ``films`` int32[s]: the films left out, as indices into the taste. ``moved``
    int32[m]: the films whose weight changes (older ones move up a rank), those left out included, ascending. ``change``
    float32[s, m]: the changes of weight.
    """

    films: Rows
    moved: Rows
    change: Floats


class Signal(Protocol):
    """A weighted term of the raw score; it is given all its inputs when it is created."""

    @property
    def name(self) -> str:
        """Name of the term in ``signals``."""
        ...

    @property
    def cause(self) -> Cause:
        """What it depends on."""
        ...

    @property
    def cites(self) -> Cites:
        """What a reason names for it. A signal that lowers scores names the kind of reason it counts against."""
        ...

    def dense(self) -> Dense | None:
        """Return the signal of all films; None if it is computed for candidates only."""
        ...

    def scores(self, rows: Rows) -> Floats:
        """Return the signal of some films, float32[rows]."""
        ...

    def contributions(self, rows: Rows) -> Floats | None:
        """Return what each film of the taste adds to each score, to first order, float32[taste films, rows]; None if no
        film adds anything.
        """
        ...

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """Return the scores as if the person had never touched a film, float32[films left out, rows], under the same
        weights of the signals; None if they do not change.
        """
        ...


class Impersonal:
    """Mixin of signals that do not depend on the films of the taste."""

    cause = Cause.CATALOGUE
    cites: Cites = Cites.NOTHING

    def contributions(self, rows: Rows) -> Floats | None:  # noqa: ARG002
        """Return None."""
        return None

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:  # noqa: ARG002
        """Return None."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Given(Impersonal):
    """A term known for all films, ``values`` float32[films]."""

    name: str
    values: Floats
    cites: Cites = Cites.NOTHING

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.values)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.values[rows]


class Deduction:
    """Mixin of signals that only lower scores, and only those of candidates; no film of the taste contributes."""

    cause = Cause.TASTE
    cites = Cites.FILMS
    weight: float

    def dense(self) -> Dense | None:
        """Return None."""
        return None

    def contributions(self, rows: Rows) -> Floats | None:  # noqa: ARG002
        """Return None."""
        return None

    def deducted(self, shares: Floats) -> Floats:
        """Return minus the weight times ``shares`` in 0 ... 1; 0 instead of -0, which would be visible."""
        return np.asarray(np.float32(-self.weight) * shares + np.float32(0), np.float32)


class KernelMean:
    """Mixin of signals that are a weighted mean over the films of the taste: sum_i w_i k(i, f) / sum_i w_i, times a
    factor of each film.
    """

    cause = Cause.TASTE
    cites: Cites = Cites.FILMS
    weights: Floats

    @cached_property
    def _kernels(self) -> ByRows[Floats]:
        return ByRows()

    def kernel_of(self, rows: Rows) -> Floats:
        """Return ``kernel``, computed once for each array of rows: scores, shares and reasons need that of the page."""
        return self._kernels.get(rows, self.kernel)

    def kernel(self, rows: Rows) -> Floats:
        """Return the similarity of each film of the taste to some films, float32[taste films, rows]."""
        raise NotImplementedError

    def factor(self, rows: Rows) -> Floats | np.float32:
        """Return the factor of each film, float32[rows], or one for all."""
        raise NotImplementedError

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self.factor(rows) * (shares(self.weights) @ self.kernel_of(rows)), np.float32)

    def contributions(self, rows: Rows) -> Floats | None:
        """See :class:`Signal`."""
        return np.asarray(self.factor(rows) * shares(self.weights)[:, None] * self.kernel_of(rows), np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`."""
        kernel, total = self.kernel_of(rows), float(self.weights.sum())
        means = mean_without(total, shares(self.weights) @ kernel, kernel[left_out.moved], left_out.change)
        return np.asarray(self.factor(rows) * means, np.float32)


def shares(weights: Floats) -> Floats:
    """Return the weights divided by their sum; zeros for a taste without films, or whose films have all faded."""
    total = np.float32(weights.sum())
    return np.asarray(weights / total if total > 0 else np.zeros_like(weights), np.float32)


def mean_without(total: float, scores: Floats, overlaps: Floats, change: Floats) -> Floats:
    """Return a weighted mean over the taste after some weights changed: float32[s, rows].

    ``scores`` float32[rows]: the mean under weights that sum to ``total``; ``overlaps`` float32[m, rows]: kernel of the
    films whose weights change; ``change`` float32[s, m].
    """
    remaining = np.float32(total) + change.sum(axis=1, keepdims=True)
    summed = np.float32(total) * scores + change @ overlaps
    return np.asarray(np.where(remaining > 0, summed / np.where(remaining > 0, remaining, 1), 0), np.float32)


@dataclass(frozen=True, eq=False)
class Inputs:
    """One request. ``matches``: how well every film matches the query, if there is one."""

    facts: Facts
    constants: Weights
    plan: Plan
    taste: Taste
    matches: Matches | None = None

    @property
    def bundle(self) -> Bundle:
        """Bundle of the request."""
        return self.facts.bundle

    @cached_property
    def film_traits(self) -> FilmTraits:
        """Traits of the taste's films."""
        return self.facts.trait_rows.films(self.taste.rows)

    @cached_property
    def taste_traits(self) -> Floats:
        """Their mean, float32[traits]."""
        return self.film_traits.mean(self.weights)

    def traits_of(self, rows: Rows) -> FilmTraits:
        """Return the traits of some films, read once for all signals."""
        return self._traits.get(rows, self.facts.trait_rows.films)

    @cached_property
    def _traits(self) -> ByRows[FilmTraits]:
        return ByRows()

    @cached_property
    def genres(self) -> ByRows[Floats]:
        """Genres of some films (``Facts.genres_of``), for the signals that compare them."""
        return ByRows()

    @cached_property
    def texts(self) -> ByRows[Centred]:
        """Centred vectors of some films, for the signals that compare them."""
        return ByRows()

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """Weights of the taste's films, recency included, float32[taste films]."""
        return self.taste.weights(self.constants)
