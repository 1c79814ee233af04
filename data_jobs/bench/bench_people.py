"""Made-up people with a given number of events, for the server's state store and for the pipeline alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.history import Event, EventKind
from services.recommender.ports import LoggedEvent

SEED = 3
_FIRST_MS = 1_700_000_000_000
_BETWEEN_MS = 60_000
# Log odds: fame by rank, and a film of one of the person's two genres.
_FAME, _TASTE = 0.7, 2.0
_STARS = (1.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
_SHARES = (0.05, 0.1, 0.1, 0.15, 0.25, 0.2, 0.15)
# Someone who has seen nearly everything cannot be served.
_MOST_SEEN = 0.75


@dataclass(frozen=True, slots=True)
class BenchPerson:
    """A person; ``events`` oldest first, ratings of distinct films."""

    user_id: str
    events: tuple[Event, ...]

    def log(self) -> list[LoggedEvent]:
        """Return the events as the log has them."""
        return [LoggedEvent(f"bench-{event.item_id}", self.user_id, event) for event in self.events]


def make_people(
    catalogue: Catalogue,
    counts: Mapping[int, int],
    seed: int = SEED,
    *,
    events: NDArray[np.int32] | None = None,
    by_events: bool = False,
) -> dict[int, list[BenchPerson]]:
    """Return people by number of events. ``counts``: how many people for each number. In a small catalogue a person has
    at most three quarters of the films. Films are drawn by fame (rows are in that order) and by two genres the person
    likes. ``events`` int32[films], events per film: if given, only films with events are drawn, as for real users.
    ``by_events``: a film's chance grows with its events, like that of a real one; by rank alone, two thirds of the
    films drawn from a million would be ones that hardly any viewer has seen.
    """
    watched = np.arange(len(catalogue)) if events is None else np.flatnonzero(events)
    log_fame = -_FAME * np.log(np.arange(len(watched)) + 9.0)
    if by_events and events is not None:
        log_fame = np.log(events[watched])

    def person(length: int, number: int) -> BenchPerson:
        rng = np.random.default_rng((seed, length, number))
        count = min(length, int(len(watched) * _MOST_SEEN))
        rows = watched[_positions(catalogue.genre_bits[watched], log_fame, count, rng)]
        return BenchPerson(f"bench-{length}-{number}", _ratings(catalogue, rows, rng))

    return {length: [person(length, number) for number in range(people)] for length, people in counts.items()}


def logged_events(people: Iterable[BenchPerson]) -> list[LoggedEvent]:
    """Return all events, person by person."""
    return [logged_event for person in people for logged_event in person.log()]


def _ratings(catalogue: Catalogue, rows: NDArray[np.intp], rng: np.random.Generator) -> tuple[Event, ...]:
    """Return a rating of each film, in this order."""
    stars = rng.choice(_STARS, len(rows), p=_SHARES)
    return tuple(
        Event(catalogue.item_ids[row], EventKind.RATING, float(value), _FIRST_MS + _BETWEEN_MS * place)
        for place, (row, value) in enumerate(zip(rows.tolist(), stars, strict=True))
    )


def _positions(
    genre_bits: NDArray[np.uint32], log_fame: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return distinct positions in random order; Gumbel noise on log weights draws without replacement."""
    films = len(genre_bits)
    liked = genre_bits[rng.integers(0, min(films, 500), 2)]
    is_liked = (genre_bits & (liked[0] | liked[1])) != 0
    scores = rng.gumbel(size=films) + log_fame + _TASTE * is_liked
    return rng.permutation(np.argpartition(-scores, max(0, count - 1))[:count])
