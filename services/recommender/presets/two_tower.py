"""The preset "two-tower": candidates and their order by a two-tower model, which is asked where it is.

It is asked at its endpoint where there is one, else, or if that does not answer, in the bundle; without vectors there,
by the factors of the SVD; and where the taste is empty, or nothing else is left, popularity decides. Whatever answered
in the place of another is told.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates.retrieval import CANDIDATES, Dense, best_rows, leg_signal, mean_of_best
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.ids import mark_of
from services.recommender.errors import PresetUnavailable, RetrieverUnavailable
from services.recommender.ports import Deadline, Leg, Liking, RetrievePort
from services.recommender.presets.svd import cosine_with
from services.recommender.signals.plan import PRIOR
from services.recommender.taste.fold_in import Taste

# Of a history, the heaviest and newest: an endpoint takes no more, and the mean of so many moves no longer.
MOST_HISTORY = 500


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """``leg``: the films that were found, None where there is nothing to ask with. ``source``: who found them."""

    leg: Leg | None
    source: str
    degraded: tuple[str, ...] = ()


def check(bundle: Bundle, port: RetrievePort | None) -> None:
    """Raises PresetUnavailable where there is neither a model in the bundle nor an endpoint to ask."""
    if bundle.towers is None and port is None:
        raise PresetUnavailable(
            f"the bundle {bundle.version or 'that is served'} has no two-tower model, and no endpoint is set; leave "
            'preset out or give "default", or train one with `marquee train two-tower` and build with `--two-tower`',
            "/preset",
        )


def find(bundle: Bundle, port: RetrievePort | None, person: str | None, taste: Taste, deadline: Deadline) -> Found:
    """The films that the model finds for a taste, wherever it answers."""
    if taste.is_empty:
        return Found(None, "popularity")
    if port is None:
        return _inside(bundle, taste)
    try:
        return Found(_asked(bundle, port, person, taste, deadline), "endpoint")
    except RetrieverUnavailable as error:
        found = _inside(bundle, taste)
        return Found(found.leg, found.source, (f"retrieve: {error}; {_IN_ITS_PLACE[found.source]}",))


def terms(bundle: Bundle, found: Found) -> dict[str, Dense]:
    """The weighed terms of the score, float32[films] each: what was found, and far below it popularity."""
    signal = leg_signal(found.leg, len(bundle.catalogue))
    return {"two_tower": signal, "popularity": np.float32(PRIOR) * bundle.popularity}


_IN_ITS_PLACE = {
    "bundle": "the vectors in the bundle answered",
    "svd": "the factors of the SVD answered",
    "popularity": "popularity answered",
}


def _inside(bundle: Bundle, taste: Taste) -> Found:
    """What this process knows by itself."""
    if bundle.towers is not None:
        towers = bundle.towers
        return Found(_leg(towers.scores(towers.person(taste.rows, taste.base)), taste, towers.known), "bundle")
    if bundle.svd is not None:
        everything = np.arange(len(bundle.catalogue), dtype=np.int32)
        scores = cosine_with(bundle.svd, everything, taste.rows)
        return Found(_leg(scores, taste, np.asarray(bundle.svd.units.any(axis=1))), "svd")
    return Found(None, "popularity")


def _leg(scores: Dense, taste: Taste, known: NDArray[np.bool_]) -> Leg:
    """The best of all films that the model knows and the taste has not."""
    open_ = known.copy()
    open_[taste.rows] = False
    rows = best_rows(scores, open_, CANDIDATES)
    return _scaled(rows, scores[rows])


def _asked(bundle: Bundle, port: RetrievePort, person: str | None, taste: Taste, deadline: Deadline) -> Leg:
    """What the endpoint finds; films that are not in this catalogue are passed over. Raises RetrieverUnavailable."""
    heaviest = np.lexsort((taste.ranks, -taste.base))[:MOST_HISTORY]
    pairs = zip(taste.rows[heaviest].tolist(), taste.base[heaviest].tolist(), strict=True)
    history = [Liking(bundle.catalogue.item_ids[row], weight) for row, weight in pairs]
    mark = None if person is None else mark_of(person)
    proposed = port.propose(mark, history, CANDIDATES, deadline)
    rows = bundle.catalogue.rows_of(proposed.item_ids)
    there = rows >= 0
    if not there.any():
        raise RetrieverUnavailable("none of the films it knows is in this catalogue")
    leg = _scaled(rows[there], np.array(proposed.scores, np.float32)[there])
    return Leg(leg.rows, leg.scores, leg.reference, leg.floor, proposed.ms)


def _scaled(rows: NDArray[np.int32], scores: Dense) -> Leg:
    """A leg whose scores may be negative: the floor lies below the last of them, so that every film found counts."""
    if not len(rows):
        return Leg(rows, scores, 0.0)
    span = float(scores.max() - scores.min()) or 1.0
    floor = float(scores.min()) - span / CANDIDATES
    return Leg(rows, scores, floor + mean_of_best(scores - np.float32(floor)), floor)
