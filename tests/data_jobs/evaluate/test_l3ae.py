"""The trial of L3AE on the invented films."""

from types import SimpleNamespace

import numpy as np
import pytest

from data_jobs.evaluate import l3ae
from data_jobs.report import DataError
from tests.data_jobs.evaluate import kit


def job(bench):
    return SimpleNamespace(bench=bench, seed=0, progress=kit.Listening())


@pytest.fixture(scope="module")
def found(bench):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(l3ae, "STRENGTHS", (10.0, 40.0))
        patched.setattr(l3ae, "TEXT_RIDGES", (1.0, 5.0))
        return l3ae.part(job(bench))


def test_at_least_twenty_variants_are_tried_with_a_prior():
    tried = l3ae.variants()
    assert sum(variant.strength > 0 for variant in tried) >= 20
    assert {variant.ridge for variant in tried if not variant.strength} == set(l3ae.PLAIN_RIDGES)
    assert len(set(tried)) == len(tried)


def test_every_variant_is_measured_best_first(found):
    assert len(found.tried) == len(l3ae.PLAIN_RIDGES) + 3 * 2 * 2
    worths = [each.worth for each in found.tried]
    assert worths == sorted(worths, reverse=True)
    assert found.ndcg.n == found.people > 100
    assert 0 < found.tried[-1].ndcg < found.tried[0].ndcg < 1


def test_the_difference_is_between_the_best_of_each(found):
    prior = next(each for each in found.tried if each.variant.strength)
    plain = next(each for each in found.tried if not each.variant.strength)
    assert found.recall.mean == pytest.approx(prior.recall - plain.recall)
    assert found.ndcg.mean == pytest.approx(prior.ndcg - plain.ndcg)


def test_a_variant_without_a_prior_ranks_as_the_table_that_is_served(bench):
    inner = l3ae._Inner.of(bench, l3ae.split.draw(bench.dataset, "random", 0))
    recall, ndcg = inner.measured(inner.inverse(20.0, 0.0), None, 0.0)
    assert len(recall) == len(ndcg) == inner.hidden.shape[0]
    assert not inner.seen.multiply(inner.hidden).nnz, "what is hidden was not seen"
    assert np.isfinite(ndcg).all()


def test_the_table_and_the_csv_have_every_variant(found):
    [table] = found.tables()
    assert len(table.rows) == len(found.tried)
    assert "best with a prior less best without" in table.notes[0]
    assert len(list(found.figures())) == 2 * len(found.tried) + 2


def test_without_vectors_it_says_what_to_give(plain_bench):
    with pytest.raises(DataError, match="--encoder minilm"):
        l3ae.part(job(plain_bench))
