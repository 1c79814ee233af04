"""What leaving a film out of a taste is computed from: the terms that films of the taste give to the answer's films
and to the films that the references are the mean of.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.distinct import distinct
from services.recommender.domain.tables import Collaborative, ItemTable
from services.recommender.stages.plan import Plan
from services.recommender.stages.retrieval import CollaborativeSignal, TableScore
from services.recommender.stages.taste import Entries, Taste
from services.recommender.stages.traits import FilmTraits, Known

# Who is left out to see: everybody in a short taste; in a longer one, for each film of the answer, the films with the
# largest terms, which is where the largest falls are.
SHORT_TASTE = 60
SUSPECTS = 12
# Without a film the older ones move up a rank. From this rank on (16 spans) recency has faded to its floor, so that
# their weights stay what they are to the last bit of a float32.
FADED_SPANS = 16

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One table's part: ``terms`` float32[moved, pool], unweighted, and ``scores`` float32[pool] of the whole taste."""

    terms: Matrix
    scores: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """``suspects`` int32[s]: films (indices into the taste) to leave out, for the answer's films where ``suspected``
    bool[s, films]. ``moved`` int32[m]: films whose weight that changes. ``main``, ``short``: None for a table that the
    plan left out. ``spread`` float32[pool, films] turns pool scores into the scores of the answer's films (a film
    outside the tables borrows from its neighbours). ``traits`` float32[m, films]: overlaps; ``trait_scores``
    float32[films]: the taste's signal; ``popularity`` float32[films].
    """

    suspects: NDArray[np.int32]
    suspected: NDArray[np.bool_]
    moved: NDArray[np.int32]
    main: Part | None
    short: Part | None
    spread: Matrix
    traits: Matrix
    trait_scores: Matrix
    popularity: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A taste (``weights`` float32[taste films]) and the answer's films (``rows`` int32[films], ``traits`` theirs)."""

    bundle: Bundle
    taste: Taste
    weights: Matrix
    plan: Plan
    known: Known
    found: Entries
    signal: CollaborativeSignal
    rows: NDArray[np.int32]
    traits: FilmTraits

    @property
    def tables(self) -> tuple[tuple[float, ItemTable, TableScore | None], ...]:
        """Share, table and score of the main and the short table; no score for one that the plan left out."""
        both = self.bundle.collaborative
        return (self.plan.main, both.main, self.signal.main), (self.plan.short, both.short, self.signal.short)


def make_pool(asked: Asked, recency_span: float) -> Pool:
    """Everything that the falls need, of as few films of the taste as they need it of."""
    homes = _Homes.of(asked.bundle.collaborative, asked.rows)
    suspects, suspected = _suspects(asked, homes)
    moved, moved_traits = suspects, asked.known.films
    if len(suspects) < len(asked.weights):
        fresh = np.flatnonzero(asked.taste.ranks < FADED_SPANS * recency_span)
        moved = distinct(np.concatenate([suspects, fresh])).astype(np.int32)
        moved_traits = asked.known.rows.films(asked.taste.rows[moved])
    best = [score.best for _, _, score in asked.tables if score is not None]
    targets = distinct(np.concatenate([*best, homes.positions])).astype(np.int32)
    main, short = (_part(table, score, asked.found, moved, targets) for _, table, score in asked.tables)
    return Pool(
        suspects,
        suspected,
        moved,
        main,
        short,
        homes.spread(targets),
        moved_traits.overlaps(asked.traits),
        asked.traits.scores(asked.known.taste),
        asked.bundle.popularity[asked.rows],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Homes:
    """Where the answer's films stand in the tables: entry i gives ``shares[i]`` of the score at ``positions[i]`` to
    the film ``films[i]``. A film of the tables has one entry, one outside has its neighbours.
    """

    positions: NDArray[np.int32]
    films: NDArray[np.intp]
    shares: Matrix
    count: int

    @classmethod
    def of(cls, tables: Collaborative, rows: NDArray[np.int32]) -> "_Homes":
        inside = tables.position[rows]
        at_home, away = np.flatnonzero(inside >= 0), np.flatnonzero(inside < 0)
        if not len(away) or not len(tables.outside):
            return cls(inside[at_home], at_home, np.ones(len(at_home), np.float32), len(rows))
        slot = tables.slots(rows[away])
        borrowed = tables.neighbours[:, slot]
        return cls(
            np.concatenate([inside[at_home], borrowed.T.ravel().astype(np.int32)]),
            np.concatenate([at_home, np.repeat(away, len(borrowed))]),
            np.concatenate([np.ones(len(at_home), np.float32), tables.neighbour_weights[:, slot].T.ravel()]),
            len(rows),
        )

    def spread(self, targets: NDArray[np.int32]) -> Matrix:
        """float32[targets, films]; ``targets`` ascending, with all positions among them."""
        spread = np.zeros((len(targets), self.count), np.float32)
        np.add.at(spread, (np.searchsorted(targets, self.positions), self.films), self.shares)
        return spread


def _suspects(asked: Asked, homes: _Homes) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Which films of the taste to leave out for which film of the answer. Each film has its own suspects, so that its
    reasons don't depend on what else the answer holds.
    """
    films = len(asked.weights)
    everybody = np.arange(films, dtype=np.int32)
    if films <= SHORT_TASTE:
        return everybody, np.ones((films, len(asked.rows)), bool)
    targets = distinct(homes.positions)
    spread = homes.spread(targets)
    terms = np.zeros((films, len(asked.rows)), np.float32)
    for share, table, score in asked.tables:
        if score is not None and score.reference > 0:
            terms += _terms(table, asked.found, everybody, targets) @ (np.float32(share / score.reference) * spread)
    terms *= asked.weights[:, None]
    suspected = np.zeros(terms.shape, bool)
    np.put_along_axis(suspected, np.argpartition(-terms, SUSPECTS - 1, axis=0)[:SUSPECTS], True, axis=0)
    suspects = np.flatnonzero(suspected.any(axis=1)).astype(np.int32)
    return suspects, suspected[suspects]


def _part(
    table: ItemTable, score: TableScore | None, found: Entries, moved: NDArray[np.int32], targets: NDArray[np.int32]
) -> Part | None:
    """What one table gives, None for one that the plan left out."""
    if score is None:
        return None
    return Part(_terms(table, found, moved, targets), score.scaled[targets] * np.float32(score.reference))


def _terms(table: ItemTable, found: Entries, films: NDArray[np.int32], targets: NDArray[np.int32]) -> Matrix:
    """Terms of some films of the taste (ascending), float32[films, targets]; the entries of one that stands for its
    neighbours are added up.
    """
    place = np.searchsorted(films, found.source)
    mine = films[np.minimum(place, len(films) - 1)] == found.source
    source = place[mine]
    terms = table.terms(found.positions[mine], found.shares[mine], targets)
    out = np.zeros((len(films), len(targets)), np.float32)
    if len(source):
        # The entries of one film stand together.
        starts = np.flatnonzero(np.append(True, source[1:] != source[:-1]))
        out[source[starts]] = terms if len(starts) == len(source) else np.add.reduceat(terms, starts, axis=0)
    return out
