"""The trial of the order of likes."""

import numpy as np
import pytest

from data_jobs.evaluate.trials import next_film
from data_jobs.train.interactions import Interactions


def likes(*of_people):
    """Return likes; each person is a list of (film, moment)."""
    person, film, moment = zip(
        *((who, film, moment) for who, films in enumerate(of_people) for film, moment in films), strict=True
    )
    ones = np.ones(len(film), np.float32)
    columns = (np.array(person, np.int32), np.array(film, np.int32), ones, np.array(moment, np.int64))
    return Interactions(len(of_people), 5, *columns)


def test_a_successor_counts_less_the_later_it_comes():
    result = next_film.transitions(likes([(0, 10), (1, 20), (2, 90)]), 1.0).toarray()
    assert result[0, 1] == result[1, 2] == 1
    assert result[0, 2] == pytest.approx(np.exp(-1))
    assert not result[[1, 2, 2], [0, 0, 1]].any()


def test_films_of_one_moment_and_of_different_people_do_not_follow_each_other():
    result = next_film.transitions(likes([(0, 10), (1, 10), (2, 20)], [(3, 5)]), 1.0).toarray()
    assert result[0, 1] == result[1, 0] == 0
    assert result[0, 2] == result[1, 2] == 1
    assert not result[:, 3].any()
    assert not result[3].any()


def test_the_newest_likes_have_the_largest_weight_and_those_of_one_moment_the_same():
    result = next_film.recent(likes([(0, 10), (1, 20), (2, 20)], [(3, 5)]), 2.0).toarray()
    assert result[0].tolist() == pytest.approx([np.exp(-0.5), 1, 1, 0, 0])
    assert result[1].tolist() == [0, 0, 0, 1, 0]


def test_only_the_best_of_the_table_are_reranked(monkeypatch):
    monkeypatch.setattr(next_film, "CANDIDATES", 60)
    rng = np.random.default_rng(8)
    base, order = rng.random((3, 80)).astype(np.float32), rng.random((3, 80)).astype(np.float32)
    result = next_film.reranked(base, order, 0.0)
    assert np.isfinite(result).sum(axis=1).tolist() == [60] * 3
    best = np.argsort(-base, axis=1)[:, :60]
    assert (np.argsort(-result, axis=1, kind="stable")[:, :60] == best).all()
    assert not (np.argsort(-next_film.reranked(base, order, 5.0), axis=1)[:, :60] == best).all()


def test_at_least_twenty_variants_are_tried(job, monkeypatch):
    monkeypatch.setattr(next_film, "find_spec", lambda _: None)
    result = next_film.part(job)
    assert sum(not each.variant.today for each in result.tried) >= 20
    assert sum(each.variant.today for each in result.tried) == len(next_film.RIDGES)
