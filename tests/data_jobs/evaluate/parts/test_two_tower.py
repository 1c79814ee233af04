"""The two-tower model alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from data_jobs.evaluate import split
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.parts import two_tower
from data_jobs.evaluate.protocol import measure
from data_jobs.evaluate.ranking_models import Ease, MostLiked
from data_jobs.evaluate.split import SplitKind
from data_jobs.report import Silent
from data_jobs.two_tower.params import Loss, TowerParams
from tests.builders import make_towers
from tests.data_jobs.evaluate.kit import dataset, workshop
from tests.data_jobs.two_tower.kit import needs_torch


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    shop = workshop(tmp_path_factory.mktemp("towers"), vectors=False)
    holdout = split.draw(dataset(), SplitKind.RANDOM, 0)
    bench = shop.make(holdout.training)
    cases = bench.people.cases(holdout.relevant)
    results = {each.name: measure(each, cases, bench, Silent()) for each in (MostLiked(bench), Ease(bench, 50.0))}
    order = SimpleNamespace(seed=0, holdout=None)
    return Job(order, dataset(), holdout, shop, bench, 50.0, cases, results, Silent())


def test_a_model_ranks_all_films_but_those_that_were_rated(job):
    model = two_tower.TwoTowerRanker("towers", job.bench.bundle, make_towers(len(job.bench.bundle.catalogue)))
    case = job.cases[0]
    result = model.best(case.profile, 1_000)
    seen = job.bench.bundle.catalogue.rows_of_hashes(case.profile.seen)
    assert len(result) == len(job.bench.bundle.catalogue) - len(seen)
    assert not np.isin(result, seen).any()


@needs_torch
def test_both_losses_are_measured(job, monkeypatch):
    small = {"dims": 8, "hidden": 8, "batch": 128, "rate": 0.01, "epochs": 4, "extra": 32}
    of = TowerParams.of
    monkeypatch.setattr(TowerParams, "of", lambda loss, **given: of(loss, **small, **given))
    result = two_tower.part(job)
    assert set(result.trials) == set(Loss)
    [table] = result.tables()
    assert [row[0] for row in table.rows] == ["two-tower, softmax + logQ", "two-tower, triplet"]
    softmax = result.trials[Loss.SOFTMAX]
    # Three schools of 30 films: by chance alone a ninth of a school's films are in a list of ten.
    assert softmax.row.recall.mean > 0.3
    assert 0 < softmax.validation <= 1
    assert {name for name, _, _ in result.figures()} == {row[0] for row in table.rows}
    assert [bar.name for bar in result.bars()] == ["two-tower, softmax against triplet by validation"]
