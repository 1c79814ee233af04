"""The preset "two-tower": candidates and their order by a two-tower model.

The model's endpoint answers, if there is one; otherwise, or if it fails, the model in the bundle; without that, the SVD
factors; for an empty taste, or as the last resort, popularity. ``degraded`` names the fallback.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates.retrieval import CANDIDATES, Dense, best_rows, hits_signal
from services.recommender.domain.arrays import mean_of_best
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.profile import mark_of
from services.recommender.errors import PresetUnavailable, RetrieverUnavailable
from services.recommender.ports import Deadline, Hits, Liking, RetrievePort
from services.recommender.presets.svd import cosine_with
from services.recommender.signals.plan import PRIOR
from services.recommender.signals.signal import Cites
from services.recommender.taste.fold_in import Taste

# Number of films of a history to send, the heaviest and newest: the endpoint's limit, and more films would hardly move
# the mean.
MOST_HISTORY = 500
CITES = {"two_tower": Cites.FILMS}


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """``hits``: the films found, None if there is no model or taste. ``source``: what found them."""

    hits: Hits | None
    source: str
    degraded: tuple[str, ...] = ()


def check(bundle: Bundle, port: RetrievePort | None) -> None:
    """Raise PresetUnavailable if there is neither a model in the bundle nor an endpoint."""
    if bundle.towers is None and port is None:
        raise PresetUnavailable(
            f"the bundle {bundle.version or 'that is served'} has no two-tower model, and no endpoint is set; leave "
            'preset out or give "default", or train one with `marquee train two-tower` and build with `--two-tower`',
            "/preset",
        )


def find(bundle: Bundle, port: RetrievePort | None, person: str | None, taste: Taste, deadline: Deadline) -> Proposal:
    """Return the films that the model finds for a taste."""
    if taste.is_empty:
        return Proposal(None, "popularity")
    if port is None:
        return _inside(bundle, taste)
    try:
        return Proposal(_from_endpoint(bundle, port, person, taste, deadline), "endpoint")
    except RetrieverUnavailable as error:
        inside = _inside(bundle, taste)
        return replace(inside, degraded=(f"retrieve: {error}; {_FALLBACKS[inside.source]}",))


def terms(bundle: Bundle, proposal: Proposal) -> dict[str, Dense]:
    """Return the weighted terms of the score, float32[films] each: the films found, and popularity far below."""
    signal = hits_signal(proposal.hits, len(bundle.catalogue))
    return {"two_tower": signal, "popularity": np.float32(PRIOR) * bundle.popularity}


_FALLBACKS = {
    "bundle": "used the bundle's vectors",
    "svd": "used the SVD factors",
    "popularity": "used popularity",
}


def _inside(bundle: Bundle, taste: Taste) -> Proposal:
    """Return the films found in this process: by the bundle's model, the SVD factors, or neither."""
    if bundle.towers is not None:
        towers = bundle.towers
        return Proposal(_best(towers.scores(towers.person(taste.rows, taste.base)), taste, towers.is_known), "bundle")
    if bundle.svd is not None:
        everything = np.arange(len(bundle.catalogue), dtype=np.int32)
        scores = cosine_with(bundle.svd, everything, taste.rows)
        return Proposal(_best(scores, taste, np.asarray(bundle.svd.units.any(axis=1))), "svd")
    return Proposal(None, "popularity")


def _best(scores: Dense, taste: Taste, is_known: NDArray[np.bool_]) -> Hits:
    """Return the best of all films that the model knows and the taste lacks."""
    eligible = is_known.copy()
    eligible[taste.rows] = False
    rows = best_rows(scores, eligible, CANDIDATES)
    return _scaled(rows, scores[rows])


def _from_endpoint(bundle: Bundle, port: RetrievePort, person: str | None, taste: Taste, deadline: Deadline) -> Hits:
    """Return the endpoint's films; those not in this catalogue are ignored. Raises RetrieverUnavailable."""
    heaviest = np.lexsort((taste.ranks, -taste.base))[:MOST_HISTORY]
    pairs = zip(taste.rows[heaviest].tolist(), taste.base[heaviest].tolist(), strict=True)
    history = [Liking(bundle.catalogue.item_ids[row], weight) for row, weight in pairs]
    mark = None if person is None else mark_of(person)
    proposal = port.propose(mark, history, CANDIDATES, deadline)
    rows = bundle.catalogue.rows_of(proposal.item_ids)
    in_catalogue = rows >= 0
    if not in_catalogue.any():
        raise RetrieverUnavailable(
            "the endpoint returned no film of this catalogue; train and deploy it on the same data"
        )
    hits = _scaled(rows[in_catalogue], np.array(proposal.scores, np.float32)[in_catalogue])
    return Hits(hits.rows, hits.scores, hits.reference, hits.floor, proposal.ms)


def _scaled(rows: NDArray[np.int32], scores: Dense) -> Hits:
    """Return hits whose scores may be negative: the floor is below the last of them, so every film counts."""
    if not len(rows):
        return Hits(rows, scores, 0.0)
    span = float(scores.max() - scores.min()) or 1.0
    floor = float(scores.min()) - span / CANDIDATES
    return Hits(rows, scores, floor + mean_of_best(scores - np.float32(floor)), floor)
