"""Validation splits: people who choose, people who judge, and people unknown to the model."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.split import PER_PERSON
from data_jobs.report import DataError
from data_jobs.tuning.validation import FEW, groups_of, measure
from services.recommender.domain.weights import Weights
from tests.data_jobs.evaluate import kit


def people(group):
    return {case.profile.user_id for case in group.cases}


def test_groups_are_whole_profiles_and_unseen_people_of_each_split(groups):
    names = [group.name for group in groups]
    assert names[0] == "whole profile, random"
    assert len(names) == len(PER_PERSON) * (1 + len(FEW))


def test_unseen_people_are_not_in_training(groups):
    whole_profiles, *few = [group for group in groups if group.name.endswith("random")]
    events = whole_profiles.bench.dataset.events
    trained = {events.user_ids[code] for code in np.unique(events.user).tolist()}
    for group in few:
        assert group.bench is whole_profiles.bench
        assert not people(group) & trained
        assert {len(case.profile.history) for case in group.cases} == {int(group.name.split()[0])}


def test_no_person_both_chooses_and_judges(groups):
    choose = {case.profile.user_id for group in groups for case in group.half(judging=False)}
    judge = {case.profile.user_id for group in groups for case in group.half(judging=True)}
    assert not choose & judge
    assert abs(len(choose) - len(judge)) <= 2
    assert all(len(group.half(False)) + len(group.half(True)) == len(group.cases) for group in groups)


def test_hidden_likes_are_not_in_the_profile(groups):
    for group in groups:
        for case in group.cases:
            rows = group.bench.bundle.catalogue.rows_of_hashes(case.profile.history.hashes)
            assert not set(rows.tolist()) & set(case.relevant.tolist())


def test_other_weights_give_the_same_people_other_lists(groups):
    baseline, changed = (
        measure(groups, weights, False) for weights in (Weights(), Weights(recency_floor=0, recency_span=1))
    )
    assert [group.people for group in baseline] == [group.people for group in changed]
    assert baseline[0].worth.mean() > changed[0].worth.mean()


def test_too_few_people_are_refused(tmp_path):
    data = kit.dataset()
    few = data.events.user < 30
    events = replace(data.events, **{
        name: getattr(data.events, name)[few] for name in ("user", "film", "kind", "value", "ts_ms")
    })  # fmt: skip
    with pytest.raises(DataError, match="at least 40 are needed to choose weights, "):
        groups_of(replace(data, events=events), kit.workshop(tmp_path, vectors=False), 0, kit.Listening())
