"""People cut to a few likes, unseen in training."""

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
def test_so_many_likes_are_known_and_the_others_are_hidden(people, likes):
    events = people.dataset.events
    cases = cut(people, range(20), likes, seed=2)
    assert cases
    for case in cases:
        code = events.user_ids.index(case.profile.user_id)
        all_likes = set(events.film[(events.user == code) & liked(events)].tolist())
        known_rows, hidden = known(people, case), set(case.relevant.tolist())
        assert len(known_rows) == likes
        assert known_rows | hidden == all_likes
        assert not known_rows & hidden
        assert len(hidden) >= MIN_HIDDEN


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


def test_people_with_too_few_likes_take_no_part(people):
    events = people.dataset.events
    counts = np.bincount(events.user[liked(events)], minlength=kit.VIEWERS)
    cases = cut(people, range(kit.VIEWERS), 10, seed=2)
    assert len(cases) == int((counts >= 10 + MIN_HIDDEN).sum()) < kit.VIEWERS


def test_another_seed_keeps_other_likes(people):
    first, second = (known(people, cut(people, [0], 3, seed)[0]) for seed in (1, 2))
    assert first != second


def test_no_person_is_in_the_training_of_their_model(folds):
    recorded = [
        replace(fold, bench=replace(fold.bench, pipeline=kit.RecordingPipeline(fold.bench.pipeline))) for fold in folds
    ]
    few_likes(recorded, 1, kit.Listening())
    for fold in recorded:
        assert fold.bench.pipeline.users
        seen = {fold.bench.dataset.events.user_ids[code] for code in fold.bench.dataset.events.user}
        assert not fold.bench.pipeline.users & seen


def test_every_fold_has_results_for_every_number_of_likes(folds, few_likes_results):
    assert [(each.fold, each.likes) for each in few_likes_results] == [
        (fold, likes) for fold in folds for likes in LIKES
    ]
    for entry in few_likes_results:
        assert [result.model for result in entry.results] == [model.name for model in entry.fold.models]
        assert {len(result.lists) for result in entry.results} == {len(entry.cases)}
