"""Item-item tables of the collaborative signal (EASE family: Steck 2019, 2020), rows truncated.

A table answers: somebody has film j in their taste with weight w; by how much does every other film rise?
Rows keep the K entries largest by absolute value, negatives too, so a table is two [T, K] arrays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Films whose rows are summed at once: the rows of a long history would be megabytes, fetched and given back.
SLICE = 100
# Events after which a film is a third as new as one that nobody has touched.
NOVELTY_EVENTS = 2.0
# Every float16 as float32, by its bits: looking them up takes half as long as converting them, where the processor has
# no instruction that numpy uses for it.
_FLOATS = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ItemTable:
    """``columns`` uint16[T, K] (positions in the table, distinct within a row), ``values`` float16[T, K].

    Two bytes name a film, since a table never holds more than 65,536: a third less to read than int32.
    """

    columns: NDArray[np.uint16]
    values: NDArray[np.float16]

    def scores(self, positions: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum of the weighted rows, float32[T]: touches len(positions) x K entries and no others."""
        total = np.zeros(len(self.columns), np.float32)
        for start in range(0, len(positions), SLICE):
            some = positions[start : start + SLICE]
            terms = self.rows(some)
            terms *= weights[start : start + SLICE, None]
            np.add.at(total, self.columns[some].ravel().astype(np.intp), terms.ravel())
        return total

    def rows(self, positions: NDArray[np.int32]) -> NDArray[np.float32]:
        """The values of some rows, float32[positions, K], beside ``columns[positions]``."""
        return _FLOATS.take(self.values.view(np.uint16)[positions])

    def terms(
        self, positions: NDArray[np.int32], weights: NDArray[np.float32], targets: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """What each of the films at ``positions`` gives to each target, float32[positions, targets].

        ``targets`` are distinct table positions, -1 for a film outside the table (its column is 0).
        """
        inside = np.flatnonzero(targets >= 0)
        slot = np.zeros(len(self.columns), np.int32)
        slot[targets[inside]] = inside
        wanted = np.zeros(len(self.columns), bool)
        wanted[targets[inside]] = True
        # Most entries are not asked for: they are told apart by a byte each before anything else is looked at.
        columns, bits = self.columns[positions].ravel(), self.values.view(np.uint16)[positions].ravel()
        hits = np.flatnonzero(wanted.take(columns))
        owner = hits // self.columns.shape[1]
        out = np.zeros(len(positions) * len(targets), np.float32)
        out[owner * len(targets) + slot.take(columns[hits])] = _FLOATS.take(bits[hits]) * weights[owner]
        return out.reshape(len(positions), len(targets))


@dataclass(frozen=True, slots=True, eq=False)
class Collaborative:
    """The main table and the one for short profiles over the same T films.

    ``rows`` int32[T]: catalogue row of each table position; ``position`` int32[films]: the way back, -1 outside.
    Films outside borrow: ``outside`` int32[M] ascending catalogue rows, ``neighbours`` uint16[m, M] table positions
    with ``neighbour_weights`` float32[m, M]; the weights of a film sum to at most 1. ``events`` int32[films]: on how
    many people's records a film stands. ``shared`` uint8[T, K], beside ``main.columns``: how many people like both
    films (255 for more).
    """

    rows: NDArray[np.int32]
    position: NDArray[np.int32]
    main: ItemTable
    short: ItemTable
    outside: NDArray[np.int32]
    neighbours: NDArray[np.uint16]
    neighbour_weights: NDArray[np.float32]
    events: NDArray[np.int32]
    shared: NDArray[np.uint8]

    def novelty(self) -> NDArray[np.float32]:
        """How little the tables can know of each film, float32[films]: exp(-events / 2), 1 where there are none."""
        return np.asarray(np.exp(-self.events.astype(np.float32) / np.float32(NOVELTY_EVENTS)), np.float32)

    def supported(self, films: NDArray[np.int32], others: NDArray[np.int32], people: int) -> NDArray[np.bool_]:
        """Whether at least ``people`` people like both films of a pair, bool[films, others] (catalogue rows). Pairs
        outside the tables, and those that no table row keeps, have no such people.
        """
        out = np.zeros((len(films), len(others)), bool)
        inside = np.flatnonzero(self.position[films] >= 0)
        targets = self.position[others]
        slot = np.full(len(self.rows), -1, np.int32)
        slot[targets[targets >= 0]] = np.flatnonzero(targets >= 0)
        home = self.position[films[inside]]
        at = slot[self.main.columns[home]]
        owner, entry = np.nonzero((at >= 0) & (self.shared[home] >= people))
        out[inside[owner], at[owner, entry]] = True
        return out

    def spread(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of table positions float32[T] as scores of films float32[films], outside films borrowing."""
        films = np.zeros(len(self.position), np.float32)
        films[self.rows] = scores
        if len(self.outside):
            films[self.outside] = self._borrowed(scores, slice(None))
        return films

    def at(self, scores: NDArray[np.float32], rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """What ``spread`` gives for some films only, float32[rows]."""
        position = self.position[rows]
        films = scores[np.maximum(position, 0)]
        away = np.flatnonzero(position < 0)
        if len(away):
            films[away] = self._borrowed(scores, self.slots(rows[away])) if len(self.outside) else 0
        return films

    def slots(self, rows: NDArray[np.int32]) -> NDArray[np.intp]:
        """Where films outside the table stand in ``outside``, intp[rows]."""
        return np.searchsorted(self.outside, rows)

    def _borrowed(self, scores: NDArray[np.float32], slots: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        # A neighbour at a time: seven times faster than a sum over rows of four.
        total = scores[self.neighbours[0, slots]] * self.neighbour_weights[0, slots]
        for neighbour, weight in zip(self.neighbours[1:], self.neighbour_weights[1:], strict=True):
            total += scores[neighbour[slots]] * weight[slots]
        return np.asarray(total, np.float32)
