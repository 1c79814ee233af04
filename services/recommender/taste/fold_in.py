"""Fold-in: convert a person's history, and the films given in a request, to a weighted list of films.

Seeds are the films given in a request: they count as the person's newest events and are not stored. A taste is coherent
if its films resemble each other, e.g. three films by one director.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.history import Event, EventKind, History, is_disliked, taste_weights
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.errors import AllSeedsUnknown
from services.recommender.taste.traits import FilmTraits


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """``rows`` int32[m] films with a positive ``base`` weight float32[m] (by event, before recency) and ``ranks``
    int32[m] from the newest (0), equal times equal rank. ``disliked`` int32[d] rows with ``dislike_weights``
    float32[d]. ``likes``: number of liked films (weight >= 1), the n of the formulas.
    """

    rows: NDArray[np.int32]
    base: NDArray[np.float32]
    ranks: NDArray[np.int32]
    disliked: NDArray[np.int32]
    dislike_weights: NDArray[np.float32]

    @classmethod
    def of_films(cls, rows: Sequence[int]) -> "Taste":
        """Return the taste of a person who likes some films equally and has no other events."""
        none = np.empty(0, np.int32)
        ones = np.ones(len(rows), np.float32)
        return cls(np.array(rows, np.int32), ones, np.zeros(len(rows), np.int32), none, none.astype(np.float32))

    @property
    def likes(self) -> int:
        """Number of liked films."""
        return int(np.count_nonzero(self.base >= 1))

    @property
    def is_empty(self) -> bool:
        """Whether there is no positive event."""
        return not len(self.rows)

    def weights(self, constants: Weights) -> NDArray[np.float32]:
        """Return base weight times recency, float32[m]."""
        return self.base * recency(self.ranks, constants)

    def without(self, index: int) -> "Taste":
        """Return the taste as if the person had never touched one of its films: older films move up a rank."""
        keep = np.arange(len(self.rows)) != index
        newer = self.ranks > self.ranks[index]
        return replace(self, rows=self.rows[keep], base=self.base[keep], ranks=(self.ranks - newer)[keep])


def recency(ranks: NDArray[np.int32], constants: Weights) -> NDArray[np.float32]:
    """Return floor + (1 - floor) exp(-rank / span): by rank, as times within a session say little (MovieLens ties)."""
    fade = np.exp(-ranks.astype(np.float32) / np.float32(constants.recency_span))
    return np.asarray(constants.recency_floor + (1 - constants.recency_floor) * fade, np.float32)


def fold_in(catalogue: Catalogue, history: History) -> Taste:
    """Return the taste of a history; films no longer in the catalogue are skipped."""
    opinions = history.opinions()
    rows = catalogue.rows_of_hashes(opinions.hashes)
    opinions, rows = opinions.take(rows >= 0), rows[rows >= 0]
    base = taste_weights(opinions.kinds, opinions.half_stars)
    positive, negative = base > 0, is_disliked(opinions.kinds, opinions.half_stars)
    return Taste(
        rows[positive],
        base[positive],
        _ranks(opinions.ts_ms)[positive],
        rows[negative],
        _dislike_weights(opinions.kinds[negative]),
    )


def _dislike_weights(kinds: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return 1 for each dislike; low ratings share .25, as heavy raters give many and each means less."""
    is_dislike = kinds == EventKind.DISLIKE
    low_ratings = max(int(np.count_nonzero(~is_dislike)), 1)
    return np.where(is_dislike, np.float32(1), np.float32(0.25 / low_ratings))


def _ranks(ts_ms: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return how many events are newer than each, int32[n]; equal times share the rank of the newest among them."""
    if not len(ts_ms):
        return np.empty(0, np.int32)
    return np.asarray(len(ts_ms) - np.searchsorted(ts_ms, ts_ms, side="right"), np.int32)


# Only the newest films are compared; older ones add no information.
NEWEST = 20


def coherence(constants: Weights, taste: Taste, rows: FilmTraits, stored: bool) -> float:
    """Return 0 for films that are only as similar as by chance, 1 for films that clearly belong together. ``stored``:
    they are the person's likes so far; otherwise they were given to mean "like these".
    """
    liked = taste.rows[taste.base >= 1]
    if len(liked) < 2:
        single = constants.coherence_single if stored else constants.seeds_single
        return single if len(liked) else 0.0
    alike = alikeness(liked[-NEWEST:], rows)
    if stored:
        return _within(alike, constants.coherence_from, constants.coherence_span, 0.0)
    return _within(alike, constants.seeds_from, constants.seeds_span, constants.seeds_floor)


def _within(alike: float, start: float, span: float, floor: float) -> float:
    return min(max((alike - start) / span, floor), 1.0)


def alikeness(films: NDArray[np.int32], rows: FilmTraits) -> float:
    """Return the mean trait cosine of each film with the nearer half of the others, at least one: a person with two
    clear tastes is coherent, too.
    """
    traits = rows.films(films)
    cosines = traits.overlaps(traits)
    np.fill_diagonal(cosines, -1)
    others = len(films) - 1
    nearer = max(1, others // 2)
    best = np.partition(cosines, len(films) - nearer, axis=1)[:, -nearer:]
    return float(best.mean())


def with_seeds(
    catalogue: Catalogue, request: Request, profile: Profile | None
) -> tuple[History, NDArray[np.int32], tuple[str, ...]]:
    """Return the person's history with the seeds of a request as newest events, all at one time; the rows of the seeds,
    int32[n], which are not recommended; and the given ids that are not in the catalogue. A seed replaces earlier events
    of the film; a film both liked and disliked is disliked.

    Raises AllSeedsUnknown if films were given, none is known, and there is neither person nor query.
    """
    stored = profile.history if profile is not None else History.empty()
    if not (request.liked or request.disliked or request.tmdb_ids):
        return stored, np.empty(0, np.int32), ()
    by_tmdb = catalogue.rows_of_tmdb(request.tmdb_ids)
    liked, disliked = catalogue.rows_of(request.liked), catalogue.rows_of(request.disliked)
    given = [*request.liked, *request.disliked, *map(str, request.tmdb_ids)]
    rows = np.concatenate([liked, disliked, by_tmdb]).astype(np.int32)
    ignored = tuple(name for name, row in zip(given, rows.tolist(), strict=True) if row < 0)
    if given and len(ignored) == len(given) and request.query is None and request.user_id is None:
        raise AllSeedsUnknown(
            f"none of the {len(given)} given films is in the catalogue; look ids up with GET /films?q=",
            "/liked" if request.liked else "/disliked" if request.disliked else "/tmdb_ids",
        )
    kinds = dict.fromkeys([*by_tmdb.tolist(), *liked.tolist()], EventKind.LIKE)
    kinds |= dict.fromkeys(disliked.tolist(), EventKind.DISLIKE)
    newest = int(stored.ts_ms[-1]) + 1 if len(stored) else 1
    events = [Event(catalogue.item_ids[row], kind, 1.0, newest) for row, kind in kinds.items() if row >= 0]
    seeds = History.of(events)
    return stored.without(seeds.hashes).joined(seeds) if events else stored, rows[rows >= 0], ignored


def read_shelf(catalogue: Catalogue, request: Request) -> tuple[Request, tuple[str, ...]]:
    """Return the request with its shelf as a filter, and the shelf's ids that are not in the catalogue. A shelf without
    any film of the catalogue gives an empty list, like any filter that nothing passes.
    """
    if request.only_item_ids is None:
        return request, ()
    rows = catalogue.rows_of(request.only_item_ids)
    unknown = [item_id for item_id, row in zip(request.only_item_ids, rows.tolist(), strict=True) if row < 0]
    filters = replace(request.filters, rows=tuple(distinct(rows[rows >= 0]).tolist()))
    return replace(request, filters=filters), tuple(dict.fromkeys(unknown))
