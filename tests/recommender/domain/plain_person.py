"""A person in plain Python, straight from the rules and as slow as they read: the model the fast code is held to."""

from hypothesis import strategies as st

from services.recommender.domain.events import Event, EventKind

FILMS = ("heat", "up", "alien")
EXPLICIT = {EventKind.LIKE, EventKind.DISLIKE, EventKind.RATING, EventKind.CLEAR}


@st.composite
def events(draw: st.DrawFn, films: tuple[str, ...] = FILMS, latest_ms: int = 8) -> Event:
    """An event of a few films at a few moments, so that ties and late arrivals are common."""
    kind = draw(st.sampled_from(list(EventKind)))
    value = draw(st.integers(1, 10)) / 2 if kind is EventKind.RATING else 1.0
    return Event(draw(st.sampled_from(films)), kind, value, draw(st.integers(0, latest_ms)))


def in_order(arrived: list[Event]) -> list[Event]:
    """By time, then arrival."""
    return [event for _, _, event in sorted((event.ts_ms, n, event) for n, event in enumerate(arrived))]


def after_clear(arrived: list[Event], film: str) -> list[Event]:
    """A film's events since it was last cleared, in order."""
    kept: list[Event] = []
    for event in in_order([event for event in arrived if event.item_id == film]):
        kept = [] if event.kind is EventKind.CLEAR else [*kept, event]
    return kept


def opinion(arrived: list[Event], film: str) -> Event | None:
    """The event that speaks for a film."""
    kept = after_clear(arrived, film)
    explicit = [event for event in kept if event.kind in EXPLICIT]
    spoken = explicit or kept
    return spoken[-1] if spoken else None


def is_seen(arrived: list[Event], film: str) -> bool:
    return any(event.kind is not EventKind.CLICK for event in after_clear(arrived, film))


def is_disliked(arrived: list[Event], film: str) -> bool:
    spoken = opinion(arrived, film)
    if spoken is None:
        return False
    return spoken.kind is EventKind.DISLIKE or (spoken.kind is EventKind.RATING and spoken.value <= 2.5)


def is_duplicate(arrived: list[Event], event: Event) -> bool:
    same_film = in_order([earlier for earlier in arrived if earlier.item_id == event.item_id])
    if not same_film:
        return False
    last = same_film[-1]
    return (last.kind, last.value) == (event.kind, event.value) and 0 <= event.ts_ms - last.ts_ms <= 60_000
