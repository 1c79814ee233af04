"""The baseline preset: its formula term by term, and its search request."""

from dataclasses import replace

import numpy as np
import pytest

from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import to_mask
from services.recommender.domain.history import History
from services.recommender.domain.profile import Profile
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Deadline, SearchResult
from services.recommender.presets.baseline import (
    baseline_request,
    baseline_scores,
    formula_terms,
    genre_match,
    liked_rows,
    recency_of_release,
    strongest_traits,
)
from services.recommender.taste.fold_in import Taste, fold_in
from services.recommender.taste.traits import FilmTraits
from tests.builders import ManualClock, NumpySearch, make_bundle, make_release, person, world_of

BUNDLE = make_bundle()
CATALOGUE = BUNDLE.catalogue
TRAITS = FilmTraits.of(CATALOGUE.traits)
LATER = Deadline.within(ManualClock(), 1.0)


def taste_of(profile: Profile) -> Taste:
    return fold_in(CATALOGUE, profile.history)


WESTERNS = taste_of(person("f0", "f3", "f6"))
NOTHING = fold_in(CATALOGUE, History.empty())


class TestSearchRequest:
    def test_the_vector_is_the_unit_mean_of_the_liked_films(self):
        vectors = baseline_request(BUNDLE, TRAITS, WESTERNS, Filters()).vectors
        mean = BUNDLE.embeddings.rows(np.array([0, 3, 6])).mean(axis=0)
        assert vectors == pytest.approx((mean / np.linalg.norm(mean))[None, :], abs=1e-6)

    def test_the_words_are_the_strongest_traits(self):
        assert strongest_traits(CATALOGUE, TRAITS, WESTERNS.rows).split()[:1] in (["Western"], ["Ada"])
        assert "Ada Ford" in strongest_traits(CATALOGUE, TRAITS, WESTERNS.rows)
        assert "Bo Kubrick" not in strongest_traits(CATALOGUE, TRAITS, WESTERNS.rows)

    def test_filters_are_passed_on(self):
        filters = Filters(genres=to_mask(["Western"]))
        assert baseline_request(BUNDLE, TRAITS, WESTERNS, filters).filters == filters

    def test_without_a_taste_it_is_empty(self):
        request = baseline_request(BUNDLE, TRAITS, NOTHING, Filters())
        assert request.text is None
        assert request.vectors is None

    def test_without_vectors_it_has_only_words(self):
        request = baseline_request(make_bundle(vectors=False), TRAITS, WESTERNS, Filters())
        assert request.vectors is None
        assert request.text

    def test_likes_count_or_else_all_watched_films(self):
        mixed = replace(WESTERNS, base=np.array([1.15, 0.3, 1.0], np.float32))
        assert liked_rows(mixed).tolist() == [0, 6]
        watched = replace(WESTERNS, base=np.full(3, 0.3, np.float32))
        assert liked_rows(watched).tolist() == [0, 3, 6]


class TestTerms:
    def test_recency_rises_from_2015_and_is_0_before_and_for_an_unknown_year(self):
        years = np.array([0, 1999, 2015, 2020, 2025], np.int16)
        assert recency_of_release(replace(CATALOGUE, years=years)).tolist() == pytest.approx([0, 0, 0, 0.5, 1.0])

    def test_genre_match_is_the_share_of_a_films_genres(self):
        match = genre_match(CATALOGUE, np.array([0, 3], np.int32))  # Western; Western and Drama
        assert match[0] == pytest.approx(2 / 3)
        assert match[3] == pytest.approx(1.0)
        assert match[1] == 0.0

    def test_without_liked_films_no_genre_matches(self):
        assert not genre_match(CATALOGUE, np.empty(0, np.int32)).any()

    def test_the_weights_of_the_formula(self):
        terms = formula_terms(BUNDLE, WESTERNS, SearchResult())
        assert list(terms) == ["content", "text", "popularity", "recency", "genres"]
        assert not terms["content"].any()
        assert not terms["text"].any()
        assert terms["popularity"] == pytest.approx(0.1 * BUNDLE.popularity)
        assert terms["recency"] == pytest.approx(0.05 * recency_of_release(CATALOGUE))
        assert terms["genres"] == pytest.approx(0.05 * genre_match(CATALOGUE, WESTERNS.rows))

    def test_content_and_text_weigh_7_to_3(self):
        release = make_release(BUNDLE)
        hits = release.search.search(baseline_request(BUNDLE, TRAITS, WESTERNS, Filters()), LATER)
        both = formula_terms(BUNDLE, WESTERNS, replace(hits, text=hits.knn))
        assert both["content"].any()
        assert both["content"] * 3 == pytest.approx(both["text"] * 7, rel=1e-5)


class TestScores:
    def test_films_like_the_taste_come_first(self):
        total = np.sum(list(baseline_scores(make_release(BUNDLE), TRAITS, WESTERNS, LATER).values()), axis=0)
        best = [row for row in np.argsort(-total).tolist() if row not in (0, 3, 6)][:10]
        assert np.mean([world_of(row) == 0 for row in best]) >= 0.8

    def test_without_a_taste_popularity_leads(self):
        total = np.sum(list(baseline_scores(make_release(BUNDLE), TRAITS, NOTHING, LATER).values()), axis=0)
        assert int(np.argmax(total)) == 0

    def test_content_and_text_take_one_round_trip(self):
        release = make_release(BUNDLE)
        baseline_scores(release, TRAITS, WESTERNS, LATER)
        assert isinstance(release.search, NumpySearch)
        assert len(release.search.requests) == 1

    def test_if_search_is_down_the_caller_gets_the_error(self):
        release = make_release(BUNDLE)
        assert isinstance(release.search, NumpySearch)
        release.search.down = True
        with pytest.raises(SearchUnavailable):
            baseline_scores(release, TRAITS, WESTERNS, LATER)
