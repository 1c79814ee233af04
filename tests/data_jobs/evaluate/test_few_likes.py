"""People cut to a few likes, never seen in training."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.few_likes import LIKES, MIN_HIDDEN, cut, few_likes
from data_jobs.evaluate.held_out_people import People, on_rows_of
from data_jobs.evaluate.split import liked
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def people(bench):
    catalogue = bench.bundle.catalogue
    return People(on_rows_of(catalogue, kit.dataset()), catalogue)


def known(people, case) -> set[int]:
    return set(people.catalogue.rows_of_hashes(case.profile.history.hashes).tolist())


@pytest.mark.parametrize("likes", [1, 3, 10])
def test_somebody_is_known_by_so_many_likes_and_the_rest_is_to_be_found(people, likes):
    events = people.dataset.events
    cases = cut(people, range(20), likes, seed=2)
    assert cases
    for case in cases:
        code = events.user_ids.index(case.profile.user_id)
        all_likes = set(events.film[(events.user == code) & liked(events)].tolist())
        mine, wanted = known(people, case), set(case.relevant.tolist())
        assert len(mine) == likes
        assert mine | wanted == all_likes
        assert not mine & wanted
        assert len(wanted) >= MIN_HIDDEN


def test_fewer_likes_are_part_of_more(people):
    few, many = (cut(people, range(10), likes, seed=2) for likes in (3, 5))
    more = {case.profile.user_id: known(people, case) for case in many}
    assert all(known(people, case) < more[case.profile.user_id] for case in few if case.profile.user_id in more)


def test_by_time_the_first_likes_are_known(people):
    events = people.dataset.events
    for case in cut(people, range(10), 5, seed=2, by_time=True):
        code = events.user_ids.index(case.profile.user_id)
        time_of = {int(events.film[at]): int(events.ts_ms[at]) for at in people.likes_of(code)}
        assert max(time_of[row] for row in known(people, case)) <= min(time_of[row] for row in case.relevant)


def test_who_has_too_few_likes_takes_no_part(people):
    events = people.dataset.events
    counts = np.bincount(events.user[liked(events)], minlength=kit.VIEWERS)
    cases = cut(people, range(kit.VIEWERS), 10, seed=2)
    assert len(cases) == int((counts >= 10 + MIN_HIDDEN).sum()) < kit.VIEWERS


def test_another_seed_keeps_other_likes(people):
    one, other = (known(people, cut(people, [0], 3, seed)[0]) for seed in (1, 2))
    assert one != other


def test_nobody_is_asked_for_whom_the_model_has_seen(folds):
    watched = [replace(fold, bench=replace(fold.bench, pipeline=kit.Asked(fold.bench.pipeline))) for fold in folds]
    few_likes(watched, 1, kit.Listening())
    for fold in watched:
        assert fold.bench.pipeline.users
        seen = {fold.bench.dataset.events.user_ids[code] for code in fold.bench.dataset.events.user}
        assert not fold.bench.pipeline.users & seen


def test_every_fold_is_asked_with_every_number_of_likes(folds, asked):
    assert [(each.fold, each.likes) for each in asked] == [(fold, likes) for fold in folds for likes in LIKES]
    for each in asked:
        assert [result.model for result in each.results] == [model.name for model in each.fold.models]
        assert {len(result.lists) for result in each.results} == {len(each.cases)}
