"""Join feedback, leave out erased people and a holdout."""

from pathlib import Path

import numpy as np
import pytest

from data_jobs import adjust
from data_jobs.adjust import Joined, join_log, leave_out
from data_jobs.records import Dataset, Events, Film
from data_jobs.report import DataError, Report
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import mark_of
from services.recommender.ports import LoggedEvent

DAY = 86_400_000


def dataset() -> Dataset:
    """Ann rated films a and b, Ben film a."""
    films = tuple(Film(item_id, item_id.upper()) for item_id in "abc")
    events = Events(
        ("ann", "ben"),
        np.array([0, 0, 1], np.int32),
        np.array([0, 1, 0], np.int32),
        np.full(3, EventKind.RATING, np.uint8),
        np.array([4.0, 2.0, 5.0], np.float32),
        np.array([1, 2, 3], np.int64) * DAY,
    )
    return Dataset(films, events, ("ratings.csv",))


def logged(user: str, film: str, kind: EventKind, day: int, value: float = 1.0) -> LoggedEvent:
    return LoggedEvent(f"e{day}", user, Event(film, kind, value, day * DAY))


def as_tuples(events: Events) -> set[tuple[str, str, str, float]]:
    return {
        (events.user_ids[user], "abc"[film], EventKind(kind).label, value)
        for user, film, kind, value in zip(
            events.user.tolist(), events.film.tolist(), events.kind.tolist(), events.value.tolist(), strict=True
        )
    }


def joined(*log: LoggedEvent, erased: tuple[str, ...] = ()) -> Joined:
    return join_log(dataset(), log, {mark_of(user) for user in erased})


def test_the_latest_opinion_counts_and_new_people_are_added() -> None:
    result = joined(
        logged("ann", "a", EventKind.DISLIKE, 9),
        logged("cleo", "c", EventKind.LIKE, 9),
        logged("ben", "a", EventKind.CLICK, 9),
    )
    assert as_tuples(result.dataset.events) == {
        ("ann", "a", "dislike", 1.0),
        ("ann", "b", "rating", 2.0),
        ("ben", "a", "rating", 5.0),
        ("cleo", "c", "like", 1.0),
    }
    assert (result.events, result.unknown, result.erased) == (3, 0, 0)
    assert "feedback" in result.dataset.sources


def test_an_older_event_does_not_overrule_and_a_clear_takes_back() -> None:
    result = joined(logged("ann", "a", EventKind.DISLIKE, 0), logged("ben", "a", EventKind.CLEAR, 9))
    assert as_tuples(result.dataset.events) == {("ann", "a", "rating", 4.0), ("ann", "b", "rating", 2.0)}
    assert result.dataset.events.user_ids == ("ann",)


def test_events_of_films_not_in_the_catalogue_are_counted() -> None:
    result = joined(logged("ann", "z", EventKind.LIKE, 9))
    assert (result.events, result.unknown) == (0, 1)
    assert as_tuples(result.dataset.events) == as_tuples(dataset().events)


def test_events_seeded_from_the_data_change_nothing() -> None:
    same = joined(
        logged("ann", "a", EventKind.RATING, 1, 4.0),
        logged("ann", "b", EventKind.RATING, 2, 2.0),
        logged("ben", "a", EventKind.RATING, 3, 5.0),
    )
    assert as_tuples(same.dataset.events) == as_tuples(dataset().events)
    assert same.erased == 0


def test_events_of_erased_people_are_left_out() -> None:
    result = joined(erased=("ann", "dora"))
    assert as_tuples(result.dataset.events) == {("ben", "a", "rating", 5.0)}
    assert result.dataset.events.user_ids == ("ben",)
    assert result.erased == 1


def test_later_events_of_erased_people_count() -> None:
    result = joined(logged("ann", "c", EventKind.LIKE, 9), erased=("ann",))
    assert as_tuples(result.dataset.events) == {("ann", "c", "like", 1.0), ("ben", "a", "rating", 5.0)}


def test_a_log_is_read_once_and_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [logged(f"p{number}", "abz"[number % 3], EventKind.LIKE, number + 10) for number in range(8)]
    whole = join_log(dataset(), lines)
    monkeypatch.setattr(adjust, "_BATCH", 3)
    parts = join_log(dataset(), iter(lines))
    assert as_tuples(parts.dataset.events) == as_tuples(whole.dataset.events)
    assert (parts.events, parts.unknown) == (whole.events, whole.unknown) == (6, 2)


def test_the_order_of_the_log_does_not_matter() -> None:
    log = [logged("ann", "a", EventKind.DISLIKE, 9), logged("cleo", "c", EventKind.LIKE, 8)]
    forward, backward = (join_log(dataset(), lines).dataset.events for lines in (log, log[::-1]))
    for column in ("user", "film", "kind", "value", "ts_ms"):
        assert np.array_equal(getattr(forward, column), getattr(backward, column))


def write_holdout(path: Path, *pairs: str) -> Path:
    path.write_text("userId,movieId,kind\n" + "".join(f"{pair},positive\n" for pair in pairs))
    return path


def test_a_holdout_is_left_out(tmp_path: Path) -> None:
    holdout = write_holdout(tmp_path / "holdout.csv", "ann,a", "ben,c", "nobody,a")
    remaining = leave_out(dataset(), holdout, Report())
    assert as_tuples(remaining.events) == {("ann", "b", "rating", 2.0), ("ben", "a", "rating", 5.0)}


def test_a_holdout_of_other_data_is_refused(tmp_path: Path) -> None:
    holdout = write_holdout(tmp_path / "holdout.csv", "nobody,a", "ann,c")
    with pytest.raises(DataError, match=r"holdout\.csv: matches no event here"):
        leave_out(dataset(), holdout, Report())


def test_a_holdout_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "holdout.csv"
    path.write_text("user,film\nann,a\n")
    with pytest.raises(DataError, match="userId"):
        leave_out(dataset(), path, Report())
