"""Splits cut from the training data: who chooses, who judges, and who is unknown to the model."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.split import PER_PERSON
from data_jobs.report import DataError
from data_jobs.tuning.validation import FEW, groups_of, measured
from services.recommender.domain.weights import Weights
from tests.data_jobs.evaluate import kit


def people(group):
    return {case.profile.user_id for case in group.cases}


def test_whole_profiles_and_strangers_by_chance_and_by_time(groups):
    names = [group.name for group in groups]
    assert names[0] == "whole profile, random"
    assert len(names) == len(PER_PERSON) * (1 + len(FEW))


def test_strangers_are_in_no_training(groups):
    whole, *few = [group for group in groups if group.name.endswith("random")]
    events = whole.bench.dataset.events
    trained = {events.user_ids[code] for code in np.unique(events.user).tolist()}
    for group in few:
        assert group.bench is whole.bench
        assert not people(group) & trained
        assert {len(case.profile.history) for case in group.cases} == {int(group.name.split()[0])}


def test_nobody_chooses_and_judges(groups):
    choose = {case.profile.user_id for group in groups for case in group.half(judging=False)}
    judge = {case.profile.user_id for group in groups for case in group.half(judging=True)}
    assert not choose & judge
    assert abs(len(choose) - len(judge)) <= 2
    assert all(len(group.half(False)) + len(group.half(True)) == len(group.cases) for group in groups)


def test_hidden_likes_are_not_in_the_profile_they_are_searched_from(groups):
    for group in groups:
        for case in group.cases:
            known = group.bench.bundle.catalogue.rows_of_hashes(case.profile.history.hashes)
            assert not set(known.tolist()) & set(case.relevant.tolist())


def test_other_weights_give_other_lists_to_the_same_people(groups):
    today, other = (
        measured(groups, weights, False) for weights in (Weights(), Weights(recency_floor=0, recency_span=1))
    )
    assert [each.people for each in today] == [each.people for each in other]
    assert today[0].worth.mean() > other[0].worth.mean()


def test_too_few_people_choose_nothing(tmp_path):
    data = kit.dataset()
    few = data.events.user < 30
    events = replace(data.events, **{
        name: getattr(data.events, name)[few] for name in ("user", "film", "kind", "value", "ts_ms")
    })  # fmt: skip
    with pytest.raises(DataError, match="at least 40 are needed to choose weights by"):
        groups_of(replace(data, events=events), kit.workshop(tmp_path, vectors=False), 0, kit.Listening())
