"""The split at one moment for all people: the training part has nothing of the future."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate import moments
from data_jobs.evaluate.moments import before, draw, moment
from data_jobs.evaluate.split import SplitKind, liked
from data_jobs.records import Dataset
from data_jobs.report import DataError
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def mixed() -> Dataset:
    """Data whose events are in random order of time; films have votes and tags."""
    data = kit.dataset()
    ts_ms = np.random.default_rng(1).permutation(len(data.events)).astype(np.int64) * 1_000
    films = [replace(film, vote_count=7, vote_average=6.0, popularity=1.5, tags=("slow",)) for film in data.films]
    return replace(data, films=tuple(films), events=replace(data.events, ts_ms=ts_ms))


def test_a_part_of_the_events_lies_before_the_moment(mixed):
    cut = moment(mixed.events, 0.8)
    assert (mixed.events.ts_ms < cut).mean() == pytest.approx(0.8)


def test_later_data_is_removed(mixed):
    cut = moment(mixed.events, 0.5)
    earlier = before(mixed, cut)
    assert 0 < len(earlier.events) < len(mixed.events)
    assert earlier.events.ts_ms.max() < cut
    assert earlier.events.user_ids == mixed.events.user_ids
    facts = {(film.vote_count, film.vote_average, film.popularity, film.tags) for film in earlier.films}
    assert facts == {(None, None, None, ())}
    assert [film.overview for film in earlier.films] == [film.overview for film in mixed.films]


def test_later_likes_of_people_with_earlier_ones_are_hidden(mixed):
    holdout, events, cut = draw(mixed), mixed.events, moment(mixed.events, moments.SHARE)
    assert holdout.kind is SplitKind.GLOBAL
    for code, user_id in enumerate(events.user_ids):
        likes = (events.user == code) & liked(events)
        later = {mixed.films[row].item_id for row in events.film[likes & (events.ts_ms >= cut)]}
        early = (likes & (events.ts_ms < cut)).any()
        assert set(holdout.relevant.get(user_id, ())) == (later if early else set())


def test_people_whose_events_are_all_on_one_side_are_an_error():
    data = kit.dataset()
    by_viewer = replace(data, events=replace(data.events, ts_ms=data.events.user.astype(np.int64)))
    with pytest.raises(DataError, match="--arrivals"):
        draw(by_viewer)
