"""Seeds: films given in a request; they count as the person's newest events and are not stored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.events import Event, EventKind
from services.recommender.domain.history import History
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Request
from services.recommender.errors import AllSeedsUnknown


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """``history``: the seeds as events, all at one time, just after the person's last. ``rows`` int32: the given films,
    which are not recommended. ``ignored``: ids that are not in the catalogue.
    """

    history: History
    ignored: tuple[str, ...]
    rows: NDArray[np.int32]

    def after(self, profile: Profile | None) -> History:
        """Return the person's history with the seeds as newest events; a seed replaces earlier events of the film."""
        stored = profile.history if profile is not None else History.empty()
        if not len(self.history):
            return stored
        return stored.without(self.history.hashes).joined(self.history)


NO_SEEDS = Seeds(History.empty(), (), np.empty(0, np.int32))


def read_seeds(catalogue: Catalogue, request: Request, profile: Profile | None) -> Seeds:
    """Return the seeds of a request; a film both liked and disliked is disliked.

    Raises AllSeedsUnknown if films were given, none is known, and there is neither person nor query.
    """
    if not (request.liked or request.disliked or request.tmdb_ids):
        return NO_SEEDS
    by_tmdb = catalogue.rows_of_tmdb(request.tmdb_ids)
    liked, disliked = catalogue.rows_of(request.liked), catalogue.rows_of(request.disliked)
    named = [*request.liked, *request.disliked, *map(str, request.tmdb_ids)]
    rows = np.concatenate([liked, disliked, by_tmdb]).astype(np.int32)
    ignored = tuple(name for name, row in zip(named, rows.tolist(), strict=True) if row < 0)
    if named and len(ignored) == len(named) and request.query is None and request.user_id is None:
        raise AllSeedsUnknown(
            f"none of the {len(named)} given films is in the catalogue; look ids up with GET /films?q=",
            "/liked" if request.liked else "/disliked" if request.disliked else "/tmdb_ids",
        )
    kinds = dict.fromkeys([*by_tmdb.tolist(), *liked.tolist()], EventKind.LIKE)
    kinds |= dict.fromkeys(disliked.tolist(), EventKind.DISLIKE)
    newest = int(profile.history.ts_ms[-1]) + 1 if profile is not None and len(profile.history) else 1
    events = [Event(catalogue.item_ids[row], kind, 1.0, newest) for row, kind in kinds.items() if row >= 0]
    return Seeds(History.of(events), ignored, rows[rows >= 0])
