"""What a signal is: one term of the raw score, and what each film of the taste does to it.

Everything that is said of a score is derived from here: the candidates, the rank, the ``signals`` of an answer and the
reasons. A signal that can't say what it would be without a film of the taste does not fit, so no reason is ever made
from half of the score.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.by_rows import ByRows

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]


class Cause(Enum):
    """What a signal is about: the person's taste, or the film itself whoever asks."""

    TASTE = "taste"
    CATALOGUE = "catalogue"


class Dense(NamedTuple):
    """A signal over the whole catalogue, for choosing candidates: ``values`` float32[films], or float32[T] where
    ``in_tables`` (films outside then borrow).
    """

    values: Floats
    in_tables: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Tastes that lack a film each. ``films`` int32[s]: those left out, as indices into the taste. ``moved`` int32[m]:
    the films whose weight that changes (older ones move up a rank), those left out among them, ascending.
    ``change`` float32[s, m]: by how much.
    """

    films: Rows
    moved: Rows
    change: Floats


class Signal(Protocol):
    """A weighted term of the raw score. All it depends on was given when it was made."""

    @property
    def name(self) -> str:
        """What the term is called in ``signals``."""
        ...

    @property
    def cause(self) -> Cause:
        """What it is about."""
        ...

    def dense(self) -> Dense | None:
        """The signal of all films; None for one that is made for the candidates only."""
        ...

    def scores(self, rows: Rows) -> Floats:
        """The signal of some films, float32[rows]."""
        ...

    def contributions(self, rows: Rows) -> Floats | None:
        """What each film of the taste adds to each score, to first order, float32[taste films, rows]; None where no
        film of the taste adds anything.
        """
        ...

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """The same scores had the person never touched a film, float32[films left out, rows], the weights of the
        signals held fixed; None where that changes nothing.
        """
        ...


class Impersonal:
    """Half of a signal that no film of the taste takes part in."""

    cause = Cause.CATALOGUE

    def contributions(self, rows: Rows) -> Floats | None:  # noqa: ARG002
        """None."""
        return None

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:  # noqa: ARG002
        """None."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Given(Impersonal):
    """A term that is known for all films, ``values`` float32[films], whatever it was made from."""

    name: str
    values: Floats

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.values)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.values[rows]


class Deduction:
    """Half of a signal that only lowers scores, those of the candidates alone; no film of the taste adds to any."""

    cause = Cause.TASTE
    weight: float

    def dense(self) -> Dense | None:
        """None."""
        return None

    def contributions(self, rows: Rows) -> Floats | None:  # noqa: ARG002
        """None."""
        return None

    def deducted(self, shares: Floats) -> Floats:
        """Return minus the weight times ``shares`` 0 ... 1; 0 and not -0, which would be shown, where there is none."""
        return np.asarray(np.float32(-self.weight) * shares + np.float32(0), np.float32)


class KernelMean:
    """Half of a signal that is a weighted mean over the films of the taste: sum_i w_i k(i, f) / sum_i w_i, times a
    factor of each film.
    """

    cause = Cause.TASTE
    weights: Floats

    @cached_property
    def _kernels(self) -> ByRows[Floats]:
        return ByRows()

    def kernel_of(self, rows: Rows) -> Floats:
        """``kernel``, computed once for each array of rows: the page's is needed for scores, shares and reasons."""
        return self._kernels.get(rows, self.kernel)

    def kernel(self, rows: Rows) -> Floats:
        """What each film of the taste has in common with some films, float32[taste films, rows]."""
        raise NotImplementedError

    def factor(self, rows: Rows) -> Floats | np.float32:
        """What that counts for each film, float32[rows], or for all alike."""
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
    """Weights as parts of their sum; zeros for a taste without films, or whose films have all faded."""
    total = np.float32(weights.sum())
    return np.asarray(weights / total if total > 0 else np.zeros_like(weights), np.float32)


def mean_without(total: float, scores: Floats, overlaps: Floats, change: Floats) -> Floats:
    """A weighted mean over the taste, had some weights changed: float32[s, rows].

    ``scores`` float32[rows] is the mean under weights that sum to ``total``; ``overlaps`` float32[m, rows] what the
    films whose weights change have in common with each; ``change`` float32[s, m].
    """
    left = np.float32(total) + change.sum(axis=1, keepdims=True)
    summed = np.float32(total) * scores + change @ overlaps
    return np.asarray(np.where(left > 0, summed / np.where(left > 0, left, 1), 0), np.float32)
