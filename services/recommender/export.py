"""Export of everything stored about a person, with the taste that would be derived from it now."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain import genres
from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.history import EventKind, History
from services.recommender.domain.profile import Profile
from services.recommender.pipeline import Pipeline
from services.recommender.ports import LoggedEvent, UserExport
from services.recommender.taste.fold_in import fold_in

STRONGEST = 20
DIGITS = 4


def user_export(pipeline: Pipeline, stored: UserExport) -> dict[str, Any]:
    """Return everything stored about a person, and the taste that would be derived from it now."""
    return {
        "user_id": stored.profile.user_id,
        "revision": stored.profile.revision,
        "updated_at": stored.profile.updated_at,
        "events": [_event(logged_event) for logged_event in stored.events],
        "profile": _profile(pipeline, stored.profile),
        "cached_answers": stored.cached_answers,
    }


def _event(logged_event: LoggedEvent) -> dict[str, Any]:
    return {
        "event_id": logged_event.event_id,
        "item_id": logged_event.event.item_id,
        "event": logged_event.event.kind.label,
        "value": logged_event.event.value,
        "ts": logged_event.event.ts_ms,
        "recommendation_id": logged_event.recommendation_id,
    }


def _profile(pipeline: Pipeline, profile: Profile) -> dict[str, Any]:
    catalogue = pipeline.bundle.catalogue
    rows = catalogue.rows_of_hashes(profile.history.hashes)
    listed = rows[rows >= 0]
    bits = catalogue.genre_bits[listed]
    counts = {name: int(np.count_nonzero(bits & np.uint32(1 << bit))) for bit, name in enumerate(genres.GENRES)}
    return {
        "recent_item_ids": [catalogue.item_ids[row] for row in listed[::-1].tolist()[:50]],
        "genre_counts": {name: count for name, count in counts.items() if count},
        "seen": _ids(catalogue, profile.seen),
        "disliked": _ids(catalogue, profile.disliked),
        "history": _history(profile.history, rows, catalogue),
        "taste": _taste(pipeline, profile.history),
    }


def _ids(catalogue: Catalogue, hashes: NDArray[np.uint64]) -> list[str]:
    return [catalogue.item_ids[row] for row in catalogue.rows_of_hashes(hashes).tolist() if row >= 0]


def _history(history: History, rows: NDArray[np.int32], catalogue: Catalogue) -> list[dict[str, Any]]:
    columns = (rows, history.kinds, history.half_stars, history.ts_ms)
    return [
        {
            "item_id": catalogue.item_ids[row] if row >= 0 else None,
            "event": EventKind(kind).label,
            "value": half_stars / 2,
            "ts": ts_ms,
        }
        for row, kind, half_stars, ts_ms in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _taste(pipeline: Pipeline, history: History) -> dict[str, Any]:
    """Return the taste, which is folded in at each request and never stored. ``vector`` is the weighted mean film
    vector, null without vectors.
    """
    bundle = pipeline.bundle
    taste = fold_in(bundle.catalogue, history)
    weights = taste.weights(pipeline.constants)
    shares = pipeline.trait_rows.films(taste.rows).mean(weights)
    traits = bundle.catalogue.traits
    strongest = [trait for trait in np.argsort(-shares, kind="stable")[:STRONGEST].tolist() if shares[trait] > 0]
    vector = None
    if bundle.embeddings is not None and not taste.is_empty:
        vector = (weights @ bundle.embeddings.rows(taste.rows) / weights.sum()).round(DIGITS).tolist()
    return {
        "likes": taste.likes,
        "traits": [
            {
                "kind": TraitKind(int(traits.kinds[trait])).name.lower(),
                "name": traits.names[trait],
                "weight": round(float(shares[trait]), DIGITS),
            }
            for trait in strongest
        ],
        "vector": vector,
    }
