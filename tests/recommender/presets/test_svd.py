"""The re-ranking preset "svd": its formula in plain Python, its order, and its requirements."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Preset, Request
from services.recommender.errors import PresetUnavailable
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline
from services.recommender.presets.svd import (
    affinity,
    cosine_with,
    maximal_marginal_relevance,
    rerank,
    svd_terms,
    year_kernel,
)
from services.recommender.taste.fold_in import Taste
from tests.builders import ManualClock, make_bundle, make_release, person, world_of

BUNDLE = make_bundle(svd=True)
FACTORS = BUNDLE.svd
WESTERNS = Taste.of_films([0, 3, 6])
CANDIDATES = np.array([row for row in range(120) if row not in (0, 3, 6)], np.int32)
LATER = Deadline.within(ManualClock(), 1.0)


def by_definition(row: int, liked: list[int]) -> dict[str, float]:
    """Return the terms of one film by the formula, in plain Python."""
    catalogue = BUNDLE.catalogue
    units = FACTORS.units.astype(np.float64)
    taste = units[liked].sum(axis=0)
    genres = [set(np.flatnonzero([bits >> bit & 1 for bit in range(32)])) for bits in catalogue.genre_bits.tolist()]
    jaccard = [len(genres[row] & genres[film]) / len(genres[row] | genres[film]) for film in liked]
    years = catalogue.years.astype(int)
    near = [exp(-abs(years[row] - years[film]) / 8) if years[row] and years[film] else 0.0 for film in liked]
    return {
        "collaborative": 1.0 * float(units[row] @ taste / np.linalg.norm(taste)),
        "genres": 0.15 * sum(jaccard) / len(liked),
        "years": 0.10 * sum(near) / len(liked),
        "popularity": 0.05 * float(BUNDLE.popularity[row] / BUNDLE.popularity.max()),
    }


class TestTerms:
    @pytest.mark.parametrize("liked", [[0], [0, 3, 6], [1, 5, 118]])
    def test_the_formula(self, liked):
        rows = np.array([2, 7, 33, 90, 117], np.int32)
        terms = svd_terms(BUNDLE, FACTORS, rows, np.array(liked, np.int32))
        for place, row in enumerate(rows.tolist()):
            row_terms = {name: float(values[place]) for name, values in terms.items()}
            assert row_terms == pytest.approx(by_definition(row, liked), abs=1e-3)

    def test_an_unrated_film_has_cosine_zero_and_an_unknown_year_is_near_no_year(self):
        last = np.array([119], np.int32)
        assert cosine_with(FACTORS, last, WESTERNS.rows).tolist() == [0]
        assert not year_kernel(np.array([0, 1995], np.int16), np.array([0], np.int16)).any()

    def test_without_a_taste_popularity_alone_counts(self):
        terms = svd_terms(BUNDLE, FACTORS, CANDIDATES, np.empty(0, np.int32))
        assert [name for name, values in terms.items() if values.any()] == ["popularity"]

    def test_the_year_kernel_falls_by_a_factor_of_e_every_eight_years(self):
        kernel = year_kernel(np.array([1995], np.int16), np.array([1995, 1987, 2011], np.int16))
        assert kernel[0].tolist() == pytest.approx([1, exp(-1), exp(-2)])

    def test_affinity_is_the_share_of_the_maximum(self):
        assert affinity(np.array([-0.4, 0, 0.65, 1.3, 1.31], np.float32)).tolist() == pytest.approx([0, 0, 0.5, 1, 1])


class TestOrder:
    def test_the_best_film_comes_first_then_films_like_the_taste(self):
        top = rerank(BUNDLE, CANDIDATES, WESTERNS, 10)
        best = max(CANDIDATES.tolist(), key=lambda row: sum(by_definition(row, [0, 3, 6]).values()))
        assert top.rows[0] == best
        assert np.mean([world_of(row) == 0 for row in top.rows.tolist()]) >= 0.8
        assert top.terms.sum(axis=1) == pytest.approx(top.raw, abs=1e-6)

    @given(st.integers(1, 40), st.integers(1, 40))
    def test_a_shorter_list_is_a_prefix(self, count, more):
        short, long = (rerank(BUNDLE, CANDIDATES, WESTERNS, n).rows.tolist() for n in (count, count + more))
        assert short == long[:count]

    def test_only_the_best_200_are_ranked(self):
        bundle = make_bundle(films=300, svd=True)
        rows = np.arange(299, -1, -1, dtype=np.int32)
        assert sorted(rerank(bundle, rows, WESTERNS, 300).rows.tolist()) == list(range(100, 300))

    @given(st.integers(0, 1_000), st.integers(1, 12))
    def test_mmr_follows_its_definition(self, seed, n):
        rng = np.random.default_rng(seed)
        relevance, similarity = rng.random(n).astype(np.float32), rng.random((n, n)).astype(np.float32)
        chosen: list[int] = []
        while len(chosen) < n:
            left = [film for film in range(n) if film not in chosen]
            values = [
                0.8 * float(relevance[film])
                - (1 - 0.8) * max((float(similarity[earlier, film]) for earlier in chosen), default=0.0)
                for film in left
            ]
            chosen.append(left[int(np.argmax(values))])
        assert maximal_marginal_relevance(relevance, similarity, n).tolist() == chosen


class TestPipeline:
    def test_the_preset_ranks_for_a_person_and_for_films(self):
        pipeline = Pipeline(make_release(BUNDLE), None)
        for request, profile in (
            (Request(user_id="ann", k=10, preset=Preset.SVD, explain=True), person("f0", "f3", "f6")),
            (Request(liked=("f0", "f3", "f6"), k=10, preset=Preset.SVD, explain=True), None),
        ):
            items = pipeline.rank(request, profile, LATER).items
            assert len({item.row for item in items} - {0, 3, 6}) == 10
            assert np.mean([world_of(item.row) == 0 for item in items]) >= 0.8
            for item in items:
                assert list(item.signals) == ["collaborative", "genres", "years", "popularity"]
                assert item.score == pytest.approx(max(sum(item.signals.values()), 0) / 1.3, abs=1e-6)
                assert 0 <= item.score <= 1

    def test_factors_do_not_change_the_default_ranking(self):
        request = Request(liked=("f1", "f4"), k=20, diversity=0.0)
        with_factors, without = (
            Pipeline(make_release(bundle), None).rank(request, None, LATER).items
            for bundle in (BUNDLE, replace(BUNDLE, svd=None))
        )
        assert with_factors == without

    def test_a_bundle_without_factors_says_how_to_get_them(self):
        pipeline = Pipeline(make_release(), None)
        with pytest.raises(PresetUnavailable, match=r"no SVD factors.*marquee build --svd-k") as raised:
            pipeline.rank(Request(liked=("f1",), preset=Preset.SVD), None, LATER)
        assert raised.value.pointer == "/preset"
