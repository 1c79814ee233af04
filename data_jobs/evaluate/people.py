"""People as the state store would hold them, made from a training part."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.split import liked, spans
from data_jobs.records import Dataset
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.events import Event, EventKind, is_disliked, leaves
from services.recommender.domain.history import History
from services.recommender.domain.profile import Profile


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Somebody to recommend to, and the catalogue rows (int32, distinct) they went on to like."""

    profile: Profile
    relevant: NDArray[np.int32]


class People:
    """The profiles of a data set. ``dataset`` has the films in the order of the catalogue's rows."""

    def __init__(self, dataset: Dataset, catalogue: Catalogue) -> None:
        self.dataset = dataset
        self.catalogue = catalogue
        self._hashes = catalogue.film_hashes()

    @cached_property
    def _bounds(self) -> list[tuple[int, int]]:
        return spans(self.dataset.events)

    @cached_property
    def _span_of(self) -> dict[str, tuple[int, int]]:
        return dict(zip(self.dataset.events.user_ids, self._bounds, strict=True))

    @cached_property
    def _is_like(self) -> NDArray[np.bool_]:
        return liked(self.dataset.events)

    def profile(self, user_id: str) -> Profile:
        """The profile that the events of a person leave behind; an empty one for a stranger."""
        start, stop = self._span_of.get(user_id, (0, 0))
        return self.profile_of(user_id, np.arange(start, stop))

    def profile_of(self, user_id: str, at: NDArray[np.intp]) -> Profile:
        """The profile that only the events at these places leave behind."""
        events = self.dataset.events
        at = at[np.argsort(events.ts_ms[at], kind="stable")]
        half_stars = np.rint(events.value[at] * 2).astype(np.uint8)
        history = History(self._hashes[events.film[at]], events.kind[at], half_stars, events.ts_ms[at])
        seen = np.unique(history.hashes[leaves(history.kinds, history.half_stars)])
        disliked = np.unique(history.hashes[is_disliked(history.kinds, history.half_stars)])
        return Profile(user_id, history.newest(), seen, disliked, revision="evaluated", updated_at=1)

    def likes_of(self, code: int) -> NDArray[np.intp]:
        """Places of a person's likes among the events; ``code`` into ``user_ids``."""
        start, stop = self._bounds[code]
        return start + np.flatnonzero(self._is_like[start:stop])

    def fan_of(self, rows: NDArray[np.int32]) -> Profile:
        """Somebody of whom nothing is known but that they like these films, all since the same moment."""
        liked = History.of([Event(self.catalogue.item_ids[row], EventKind.LIKE, 1.0, 1) for row in rows.tolist()])
        return Profile("fan", liked, np.unique(liked.hashes), revision="evaluated", updated_at=1)

    def cases(self, relevant: dict[str, tuple[str, ...]]) -> list[Case]:
        """A case a person; films that are not in the catalogue cannot be found and stay in the count."""
        rows = {user_id: self.catalogue.rows_of(items) for user_id, items in relevant.items()}
        return [Case(self.profile(user_id), found) for user_id, found in rows.items()]


def on_rows_of(catalogue: Catalogue, dataset: Dataset) -> Dataset:
    """The data with its films in the order of a catalogue that was made from the same films."""
    rows = catalogue.rows_of(film.item_id for film in dataset.films)
    films = tuple(dataset.films[at] for at in np.argsort(rows).tolist())
    return replace(dataset, films=films, events=replace(dataset.events, film=rows[dataset.events.film]))
