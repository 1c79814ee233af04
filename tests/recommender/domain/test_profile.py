from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import MAX_EVENTS, Event, EventKind, History
from services.recommender.domain.profile import Profile, apply, replay
from tests.builders import apply_all
from tests.recommender.domain import plain_person as plain

logs = st.lists(plain.events(), max_size=14)
LATER = 10_000_000


def event_of(film: str, kind: EventKind, ts_ms: int, value: float = 1.0) -> Event:
    return Event(film, kind, value, ts_ms)


def with_many_later_events(*events: Event) -> Profile:
    """Return a profile in which a thousand later events have pushed these out of the history."""
    return apply_all(
        Profile("ann"), [*events, *(event_of(f"filler {n}", EventKind.WATCH, LATER + n) for n in range(MAX_EVENTS))]
    )


def has_seen(profile: Profile, film: str) -> bool:
    return hash_id(film) in profile.seen.tolist()


def dislikes(profile: Profile, film: str) -> bool:
    return hash_id(film) in profile.disliked.tolist()


def hashes_of(films: list[str]) -> list[int]:
    return sorted(hash_id(film) for film in films)


@given(logs)
def test_seen_and_disliked_equal_those_of_the_reference_model(arrived: list[Event]) -> None:
    profile = apply_all(Profile("ann"), arrived)
    assert profile.seen.tolist() == hashes_of([film for film in plain.FILMS if plain.is_seen(arrived, film)])
    assert profile.disliked.tolist() == hashes_of([film for film in plain.FILMS if plain.is_disliked(arrived, film)])


@given(logs)
def test_replaying_a_log_equals_applying_it_in_order_of_time(arrived: list[Event]) -> None:
    replayed = replay("ann", arrived)
    applied = apply_all(Profile("ann"), plain.in_order(arrived))
    assert replayed.history == applied.history
    assert replayed.seen.tolist() == applied.seen.tolist()
    assert replayed.disliked.tolist() == applied.disliked.tolist()
    assert (replayed.user_id, replayed.revision) == ("ann", "")


@given(logs)
def test_applying_events_keeps_the_id_and_the_stores_fields(arrived: list[Event]) -> None:
    profile = apply_all(Profile("ann", revision="r1", updated_at=7), arrived)
    assert (profile.user_id, profile.revision, profile.updated_at) == ("ann", "r1", 7)


@given(logs, plain.events())
def test_the_old_profile_is_untouched(arrived: list[Event], event: Event) -> None:
    before = apply_all(Profile("ann"), arrived)
    seen, disliked = before.seen.copy(), before.disliked.copy()
    history = History(*(column.copy() for column in vars_of(before.history)))
    apply(before, event)
    assert before.history == history
    assert before.seen.tolist() == seen.tolist()
    assert before.disliked.tolist() == disliked.tolist()


def vars_of(history: History) -> list:
    return [history.hashes, history.kinds, history.half_stars, history.ts_ms]


def test_a_person_with_2500_ratings_has_seen_all_those_films() -> None:
    events = [event_of(str(n), EventKind.RATING, n, 4.0 if n % 2 else 1.0) for n in range(2_500)]
    for profile in (apply_all(Profile("ann"), events), replay("ann", events)):
        assert len(profile.history) == MAX_EVENTS
        assert len(profile.seen) == 2_500
        assert len(profile.disliked) == 1_250


def test_a_click_does_not_bring_back_a_film_disliked_long_ago() -> None:
    profile = with_many_later_events(event_of("heat", EventKind.DISLIKE, 0))
    profile = apply(profile, event_of("heat", EventKind.CLICK, 2 * LATER))
    assert has_seen(profile, "heat")
    assert dislikes(profile, "heat")


def test_an_event_older_than_the_whole_history_still_counts_as_seen() -> None:
    profile = with_many_later_events()
    profile = apply(profile, event_of("old", EventKind.LIKE, 0))
    profile = apply(profile, event_of("older", EventKind.RATING, 0, 1.0))
    assert has_seen(profile, "old")
    assert has_seen(profile, "older")
    assert dislikes(profile, "older")
    assert not dislikes(profile, "old")


def test_a_film_disliked_long_ago_can_be_cleared_or_liked() -> None:
    profile = with_many_later_events(event_of("heat", EventKind.DISLIKE, 0), event_of("up", EventKind.DISLIKE, 1))
    profile = apply(profile, event_of("heat", EventKind.CLEAR, 2 * LATER))
    profile = apply(profile, event_of("up", EventKind.LIKE, 2 * LATER))
    assert not has_seen(profile, "heat")
    assert has_seen(profile, "up")
    assert not len(profile.disliked)


def test_a_late_event_changes_nothing_after_a_newer_opinion() -> None:
    profile = apply(Profile("ann"), event_of("heat", EventKind.CLEAR, 10))
    assert apply(profile, event_of("heat", EventKind.DISLIKE, 5)) is profile
    assert apply(profile, event_of("heat", EventKind.WATCH, 5)) is profile


def test_a_late_clear_keeps_what_was_watched_after_it() -> None:
    profile = apply_all(Profile("ann"), [event_of("heat", EventKind.WATCH, 20), event_of("heat", EventKind.CLEAR, 10)])
    assert has_seen(profile, "heat")


def test_replay_keeps_the_order_of_equal_times() -> None:
    profile = replay(
        "ann", [event_of("b", EventKind.LIKE, 5), event_of("a", EventKind.LIKE, 5), event_of("c", EventKind.LIKE, 1)]
    )
    assert profile.history.hashes.tolist() == [hash_id(film) for film in "cba"]
