"""Variants of the SVD: all are measured on inner holdouts, two on the outer."""

from types import SimpleNamespace

import numpy as np
import pytest

from data_jobs.evaluate import split
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.parts import svd_grid
from data_jobs.evaluate.protocol import measure
from data_jobs.evaluate.ranking_models import MostLiked
from data_jobs.evaluate.split import SplitKind
from data_jobs.evaluate.workbench import patient
from data_jobs.report import DataError, Silent
from services.recommender.domain.request import Preset, Request
from services.recommender.presets.svd import factors_of
from tests.data_jobs.evaluate.kit import dataset, workshop


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    shop = workshop(tmp_path_factory.mktemp("grid"), vectors=False)
    holdout = split.draw(dataset(), SplitKind.RANDOM, 0)
    bench = shop.make(holdout.training)
    cases = bench.people.cases(holdout.relevant)[:12]
    results = {MostLiked.name: measure(MostLiked(bench), cases, bench, Silent())}
    return Job(SimpleNamespace(seed=0), dataset(), holdout, shop, bench, 0.0, cases, results, Silent())


@pytest.fixture(scope="module")
def grid(job):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(svd_grid, "FACTORS", (2, 64))
        return svd_grid.part(job)


def test_every_variant_is_judged_inside_and_the_best_and_the_current_are_measured(grid, job):
    assert len(grid.judged) == 2 * 2 * len(svd_grid.SCALINGS)
    assert [each.mean for each in grid.judged] == sorted((each.mean for each in grid.judged), reverse=True)
    measured = [each.variant for each in grid.judged if each.outer is not None]
    params = job.bench.params
    current = svd_grid.Variant(params.svd_k, params.svd_centred, params.svd_scaling)
    assert set(measured) == {grid.judged[0].variant, current}


def test_the_current_variant_measures_what_the_preset_returns(grid, job):
    params = job.bench.params
    current = svd_grid.Variant(params.svd_k, params.svd_centred, params.svd_scaling)
    factors_of(job.bench.bundle)
    hits = []
    for case in job.cases:
        request = Request(user_id=case.profile.user_id, k=10, diversity=0.0, preset=Preset.SVD)
        items = job.bench.pipeline.rank(request, case.profile, patient()).items
        hits.append(len({item.row for item in items} & set(case.relevant.tolist())) / len(case.relevant))
    [outer] = [each.outer for each in grid.judged if each.variant == current]
    assert outer.mean == pytest.approx(np.mean(hits), abs=0.02)


def test_the_table_and_the_csv_have_every_variant(grid):
    [table] = grid.tables()
    assert len(table.rows) == len(grid.judged) + 1
    assert {metric for _, metric, _ in grid.figures()} == {"inner recall@10", "recall@10", "ndcg@10"}
    [bar] = grid.bars()
    assert bar.wanted == ">= 1.1"


def test_data_without_ratings_that_differ_has_nothing_to_vary(job):
    events = job.bench.dataset.events
    same = type(events)(**{name: getattr(events, name) for name in events.__dataclass_fields__} | {
        "value": np.full(len(events), 4.0, np.float32)})  # fmt: skip
    bench = SimpleNamespace(dataset=type(job.bench.dataset)(job.bench.dataset.films, same, ("invented",)))
    with pytest.raises(DataError, match="no ratings that differ"):
        svd_grid._Candidates(bench, [], [], []).factorised(True)
