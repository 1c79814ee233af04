"""All models: no rated film, best first, and each ranks by its own rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate.ranking_models import (
    BaselinePreset,
    ContentModel,
    Ease,
    MostLiked,
    PipelineModel,
    PureSvd,
    best_unseen,
)
from data_jobs.evaluate.workbench import patient
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Preset, Request
from tests.builders import make_bundle
from tests.data_jobs.evaluate import kit

NAMES = ("popularity", "content", "plain EASE", "PureSVD", "playbook preset", "pipeline")


@pytest.fixture(scope="module")
def models(bench):
    all_models = [
        MostLiked(bench),
        ContentModel(bench.bundle),
        Ease(bench, 20.0),
        PureSvd(bench),
        BaselinePreset(bench.pipeline),
        PipelineModel(bench, 0.0),
    ]
    return {model.name: model for model in all_models}


@pytest.fixture(scope="module")
def someone(bench):
    return bench.people.profile("viewer-4")


@pytest.mark.parametrize("name", NAMES)
class TestEveryModel:
    def test_gives_k_different_films_that_were_never_rated(self, bench, models, someone, name):
        rows = models[name].best(someone, 10)
        assert len(set(rows.tolist())) == 10
        assert not np.isin(bench.hashes[rows], someone.seen).any()

    def test_gives_the_shorter_list_as_a_prefix(self, models, someone, name):
        assert models[name].best(someone, 5).tolist() == models[name].best(someone, 10).tolist()[:5]

    def test_keeps_to_the_candidates(self, bench, models, someone, name):
        among = np.arange(len(bench.bundle.catalogue)) % 4 == 1
        assert among[models[name].best(someone, 8, among)].all()

    def test_orders_the_candidates_as_all_films(self, bench, models, someone, name):
        among = np.arange(len(bench.bundle.catalogue)) % 4 == 1
        everything = [row for row in models[name].best(someone, 80).tolist() if among[row]]
        assert models[name].best(someone, 80, among).tolist() == everything


@pytest.mark.parametrize("name", ["content", "plain EASE", "PureSVD", "pipeline"])
def test_personal_models_find_the_persons_school(bench, models, name):
    for viewer in range(3):
        rows = models[name].best(bench.people.profile(f"viewer-{viewer}"), 5)
        assert np.mean([kit.school_of(bench, row) == viewer for row in rows.tolist()]) >= 0.8


def test_popularity_gives_strangers_the_most_liked(bench, models):
    assert bench.ranks[models["popularity"].best(Profile("nobody"), 10)].tolist() == list(range(1, 11))


def test_the_pipeline_model_returns_the_pipelines_ranking(bench, someone):
    for diversity in (0.0, 0.2, 1.0):
        request = Request(user_id=someone.user_id, k=10, diversity=diversity)
        items = bench.pipeline.rank(request, someone, patient()).items
        assert PipelineModel(bench, diversity).best(someone, 10).tolist() == [item.row for item in items]


def test_without_a_diversity_the_default_of_the_api_is_used(bench, someone):
    assert (
        PipelineModel(bench).best(someone, 10).tolist()
        == PipelineModel(bench, Request().diversity).best(someone, 10).tolist()
    )


def test_the_svd_preset_ranks_with_the_pipeline(bench, someone):
    rows = PipelineModel(bench, 0.0, "svd preset", Preset.SVD).best(someone, 10)
    items = bench.pipeline.rank(Request(user_id=someone.user_id, k=10, preset=Preset.SVD), someone, patient()).items
    assert rows.tolist() == [item.row for item in items]
    assert rows.tolist() != PipelineModel(bench, 0.0).best(someone, 10).tolist()


def test_content_needs_vectors(plain_bench):
    with pytest.raises(ValueError, match="vectors"):
        ContentModel(plain_bench.bundle)


def test_the_baseline_preset_works_without_vectors(plain_bench, someone):
    assert len(BaselinePreset(plain_bench.pipeline).best(someone, 10)) == 10


@pytest.mark.parametrize("name", ["content", "plain EASE", "playbook preset"])
def test_a_stranger_gets_a_list_as_well(models, name):
    assert len(models[name].best(Profile("nobody"), 10)) == 10


@given(st.lists(st.integers(0, 4), min_size=30, max_size=30), st.integers(1, 30))
def test_best_unseen_is_a_full_sort_with_ties_by_row(scores, k):
    bundle = make_bundle(films=30, outside=0)
    seen = bundle.catalogue.film_hashes()[[3, 7]]
    rows = best_unseen(bundle, np.array(scores, np.float32), Profile("a", seen=np.sort(seen)), k)
    order = sorted((row for row in range(30) if row not in (3, 7)), key=lambda row: (-scores[row], row))
    assert rows.tolist() == order[:k]
