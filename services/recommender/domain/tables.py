"""Item-item tables of the collaborative signal (EASE family: Steck 2019, 2020), with truncated rows.

A table gives, for a film j in the taste with weight w, the score added to every other film. Rows keep the K entries
largest by absolute value, including negative ones, so a table is two [T, K] arrays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Rows summed at once: the rows of a long history together would take megabytes.
SLICE = 100
# Number of events at which a film's novelty falls to 1/e of that of an untouched film.
NOVELTY_EVENTS = 2.0
# Every float16 as float32, indexed by its bits: a look-up takes half the time of converting on processors without an
# instruction for it that numpy uses.
_FLOATS = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ItemTable:
    """``columns`` uint16[T, K] (positions in the table, distinct within a row), ``values`` float16[T, K].

    A table never holds more than 65,536 films, so two bytes suffice: a third less to read than with int32.
    """

    columns: NDArray[np.uint16]
    values: NDArray[np.float16]

    def scores(self, positions: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the sum of the weighted rows, float32[T]; reads only len(positions) x K entries."""
        total = np.zeros(len(self.columns), np.float32)
        for start in range(0, len(positions), SLICE):
            some = positions[start : start + SLICE]
            terms = self.rows(some)
            terms *= weights[start : start + SLICE, None]
            np.add.at(total, self.columns[some].ravel().astype(np.intp), terms.ravel())
        return total

    def rows(self, positions: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the values of some rows, float32[positions, K], aligned with ``columns[positions]``."""
        return _FLOATS.take(self.values.view(np.uint16)[positions])

    def terms(
        self, positions: NDArray[np.int32], weights: NDArray[np.float32], targets: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return each film's contribution to each target, float32[positions, targets].

        ``targets`` are distinct table positions, -1 for a film outside the table (its column is 0).
        """
        inside = np.flatnonzero(targets >= 0)
        slot, is_target = _slots(len(self.columns), targets, inside)
        # Most entries are not needed: a one-byte mask filters them before anything else is read.
        columns, bits = self.columns[positions].ravel(), self.values.view(np.uint16)[positions].ravel()
        hits = np.flatnonzero(is_target.take(columns))
        owner = hits // self.columns.shape[1]
        out = np.zeros(len(positions) * len(targets), np.float32)
        out[owner * len(targets) + slot.take(columns[hits])] = _FLOATS.take(bits[hits]) * weights[owner]
        return out.reshape(len(positions), len(targets))


@dataclass(frozen=True, slots=True, eq=False)
class TableEntries:
    """Entries of some films in the tables: ``positions`` int32[e], ``shares`` float32[e] (1 for a film of the table,
    the neighbour's weight for a film outside) and ``films`` int32[e], the index of each entry's film. The entries of a
    film are adjacent.
    """

    positions: NDArray[np.int32]
    shares: NDArray[np.float32]
    films: NDArray[np.int32]

    def spread(self, targets: NDArray[np.int32], films: int) -> NDArray[np.float32]:
        """Return the share of each target in each of the ``films``, float32[targets, films]; ``targets`` ascending,
        including all positions.
        """
        spread = np.zeros((len(targets), films), np.float32)
        np.add.at(spread, (np.searchsorted(targets, self.positions), self.films), self.shares)
        return spread


@dataclass(frozen=True, slots=True, eq=False)
class CollaborativeTables:
    """Main table and table for short profiles, over the same T films.

    ``rows`` int32[T]: catalogue row of each table position; ``position`` int32[films]: the inverse, -1 outside. Films
    outside borrow scores: ``outside`` int32[M] ascending catalogue rows, ``neighbours`` uint16[m, M] table positions
    with ``neighbour_weights`` float32[m, M]; a film's weights sum to at most 1. ``events`` int32[films]: number of
    people with an event on the film. ``shared`` uint8[T, K], aligned with ``main.columns``: number of people who like
    both films (capped at 255).
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

    def entries(self, rows: NDArray[np.int32]) -> TableEntries:
        """Return the entries of some films (catalogue rows); a film outside has those of its neighbours."""
        position = self.position[rows]
        inside = np.flatnonzero(position >= 0).astype(np.int32)
        outside = np.flatnonzero(position < 0).astype(np.int32)
        if not len(outside) or not len(self.outside):
            return TableEntries(position[inside], np.ones(len(inside), np.float32), inside)
        slot = self.slots(rows[outside])
        borrowed = self.neighbours[:, slot].T.astype(np.int32)
        return TableEntries(
            np.concatenate([position[inside], borrowed.ravel()]),
            np.concatenate([np.ones(len(inside), np.float32), self.neighbour_weights[:, slot].T.ravel()]),
            np.concatenate([inside, np.repeat(outside, borrowed.shape[1])]),
        )

    def novelty(self) -> NDArray[np.float32]:
        """Return how little the tables can know about each film, float32[films]: exp(-events / 2), 1 without events."""
        return np.asarray(np.exp(-self.events.astype(np.float32) / np.float32(NOVELTY_EVENTS)), np.float32)

    def supported(self, films: NDArray[np.int32], others: NDArray[np.int32], people: int) -> NDArray[np.bool_]:
        """Return whether at least ``people`` people like both films of a pair, bool[films, others] (catalogue rows).
        False for pairs outside the tables and for those that no table row keeps.
        """
        out = np.zeros((len(films), len(others)), bool)
        inside = np.flatnonzero(self.position[films] >= 0)
        targets = self.position[others]
        inside_targets = np.flatnonzero(targets >= 0)
        slot, is_target = _slots(len(self.rows), targets, inside_targets)
        positions = self.position[films[inside]]
        columns = self.main.columns[positions]
        hits = np.flatnonzero(is_target.take(columns.ravel()))
        owner, entry = np.divmod(hits, columns.shape[1])
        enough = self.shared[positions[owner], entry] >= people
        out[inside[owner[enough]], slot[columns[owner[enough], entry[enough]]]] = True
        return out

    def spread(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Convert scores of table positions float32[T] to films float32[films]; outside films borrow theirs."""
        films = np.zeros(len(self.position), np.float32)
        films[self.rows] = scores
        if len(self.outside):
            films[self.outside] = self._borrowed(scores, slice(None))
        return films

    def at(self, scores: NDArray[np.floating], rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return what ``spread`` gives for some films only, float32[rows]; float32[rows, k] of vectors float[T, k]."""
        position = self.position[rows]
        films = np.asarray(scores[np.maximum(position, 0)], np.float32)
        outside = np.flatnonzero(position < 0)
        if len(outside):
            films[outside] = self._borrowed(scores, self.slots(rows[outside])) if len(self.outside) else 0
        return films

    def slots(self, rows: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return the positions in ``outside`` of films outside the table, intp[rows]."""
        return np.searchsorted(self.outside, rows)

    def _borrowed(self, scores: NDArray[np.floating], slots: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        # One neighbour at a time: seven times faster than summing over rows of four. "clip" spares a copy. Transposed,
        # a film's weight applies to its score and to its vector alike.
        total = scores.take(self.neighbours[0, slots], axis=0, mode="clip").T * self.neighbour_weights[0, slots]
        for neighbour, weight in zip(self.neighbours[1:], self.neighbour_weights[1:], strict=True):
            total += scores.take(neighbour[slots], axis=0, mode="clip").T * weight[slots]
        return np.asarray(total.T, np.float32)


def _slots(
    films: int, targets: NDArray[np.int32], inside: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return, by table position, the index of its target, int32[films], and whether there is one, bool[films].
    ``inside``: indices of the targets inside the table.
    """
    slot = np.zeros(films, np.int32)
    slot[targets[inside]] = inside
    is_target = np.zeros(films, bool)
    is_target[targets[inside]] = True
    return slot, is_target
