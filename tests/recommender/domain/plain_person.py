"""Reference model of a person: plain Python that follows the rules literally, to check the fast code against."""

from hypothesis import strategies as st

from services.recommender.domain.history import Event, EventKind

FILMS = ("heat", "up", "alien")
EXPLICIT = {EventKind.LIKE, EventKind.DISLIKE, EventKind.RATING, EventKind.CLEAR}


@st.composite
def events(draw: st.DrawFn, films: tuple[str, ...] = FILMS, latest_ms: int = 8) -> Event:
    """Draw an event for one of a few films at one of a few times, so that ties and late arrivals are common."""
    kind = draw(st.sampled_from(list(EventKind)))
    value = draw(st.integers(1, 10)) / 2 if kind is EventKind.RATING else 1.0
    return Event(draw(st.sampled_from(films)), kind, value, draw(st.integers(0, latest_ms)))


def in_order(arrived: list[Event]) -> list[Event]:
    """Return events by time, then by arrival."""
    return [event for _, _, event in sorted((event.ts_ms, n, event) for n, event in enumerate(arrived))]


def after_clear(arrived: list[Event], film: str) -> list[Event]:
    """Return a film's events since it was last cleared, in order."""
    since_clear: list[Event] = []
    for event in in_order([event for event in arrived if event.item_id == film]):
        since_clear = [] if event.kind is EventKind.CLEAR else [*since_clear, event]
    return since_clear


def opinion(arrived: list[Event], film: str) -> Event | None:
    """Return the event that counts for a film, or None."""
    since_clear = after_clear(arrived, film)
    explicit = [event for event in since_clear if event.kind in EXPLICIT]
    candidates = explicit or since_clear
    return candidates[-1] if candidates else None


def is_seen(arrived: list[Event], film: str) -> bool:
    return any(event.kind is not EventKind.CLICK for event in after_clear(arrived, film))


def is_disliked(arrived: list[Event], film: str) -> bool:
    event = opinion(arrived, film)
    if event is None:
        return False
    return event.kind is EventKind.DISLIKE or (event.kind is EventKind.RATING and event.value <= 2.5)


def is_duplicate(arrived: list[Event], event: Event) -> bool:
    same_film = in_order([earlier for earlier in arrived if earlier.item_id == event.item_id])
    if not same_film:
        return False
    last = same_film[-1]
    return (last.kind, last.value) == (event.kind, event.value) and 0 <= event.ts_ms - last.ts_ms <= 60_000
