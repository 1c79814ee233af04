"""Profiles made from a training part, as the state store would hold them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.split import liked, spans
from data_jobs.records import Dataset
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.history import Event, EventKind, History, is_disliked, leaves
from services.recommender.domain.profile import Profile


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPerson:
    """A person to recommend to, and the rows (int32, distinct) of their held-out likes."""

    profile: Profile
    relevant: NDArray[np.int32]


class People:
    """The profiles of a data set. ``dataset`` has its films in row order."""

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
        """Return the profile that results from a person's events; empty for an unknown person."""
        start, stop = self._span_of.get(user_id, (0, 0))
        return self.profile_of(user_id, np.arange(start, stop))

    def profile_of(self, user_id: str, at: NDArray[np.intp]) -> Profile:
        """Return the profile that results from only the events at these indices."""
        events = self.dataset.events
        at = at[np.argsort(events.ts_ms[at], kind="stable")]
        half_stars = np.rint(events.value[at] * 2).astype(np.uint8)
        history = History(self._hashes[events.film[at]], events.kind[at], half_stars, events.ts_ms[at])
        seen = np.unique(history.hashes[leaves(history.kinds, history.half_stars)])
        disliked = np.unique(history.hashes[is_disliked(history.kinds, history.half_stars)])
        return Profile(user_id, history.newest(), seen, disliked, revision="evaluated", updated_at=1)

    def likes_of(self, code: int) -> NDArray[np.intp]:
        """Return the indices of a person's likes among the events; ``code`` into ``user_ids``."""
        start, stop = self._bounds[code]
        return start + np.flatnonzero(self._is_like[start:stop])

    def fan_of(self, rows: NDArray[np.int32]) -> Profile:
        """Return an otherwise unknown person who liked these films, all at the same time."""
        liked = History.of([Event(self.catalogue.item_ids[row], EventKind.LIKE, 1.0, 1) for row in rows.tolist()])
        return Profile("fan", liked, np.unique(liked.hashes), revision="evaluated", updated_at=1)

    def cases(self, relevant: dict[str, tuple[str, ...]]) -> list[HeldOutPerson]:
        """Return one case per person; held-out films outside the catalogue count as misses."""
        rows = {user_id: self.catalogue.rows_of(items) for user_id, items in relevant.items()}
        return [HeldOutPerson(self.profile(user_id), films) for user_id, films in rows.items()]


def on_rows_of(catalogue: Catalogue, dataset: Dataset) -> Dataset:
    """Return the data with its films in the row order of a catalogue made from the same films."""
    rows = catalogue.rows_of(film.item_id for film in dataset.films)
    films = tuple(dataset.films[at] for at in np.argsort(rows).tolist())
    return replace(dataset, films=films, events=replace(dataset.events, film=rows[dataset.events.film]))
