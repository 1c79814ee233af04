import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import to_mask
from services.recommender.domain.history import EventKind
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import ReasonKind, Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.errors import AllSeedsUnknown
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline
from tests.builders import (
    HashEncoder,
    ManualClock,
    NumpySearch,
    apply_all,
    events,
    make_bundle,
    make_release,
    person,
    world_of,
)

CLOCK = ManualClock()
PIPELINE = Pipeline(make_release(), HashEncoder())
FILMS = len(PIPELINE.bundle.catalogue)


def run(request: Request, profile: Profile | None = None, pipeline: Pipeline = PIPELINE, **options):
    return pipeline.rank(request, profile, Deadline.within(CLOCK, 1.2), **options)


def rows(ranking) -> list[int]:
    return [item.row for item in ranking.items]


class TestStrategies:
    def test_without_a_taste_popular_films_are_recommended(self):
        ranking = run(Request(k=10, diversity=0.0))
        assert ranking.strategy is Strategy.POPULAR
        assert rows(ranking) == list(range(10))

    def test_an_unknown_person_gets_the_same_as_no_person(self):
        assert rows(run(Request(user_id="nobody", k=10), Profile("nobody"))) == rows(run(Request(k=10)))

    def test_a_person_gets_films_of_their_taste(self):
        ranking = run(Request(user_id="ann", k=10), person("f1", "f4", "f7", "f10"))
        assert ranking.strategy is Strategy.PERSONAL
        assert {world_of(row) for row in rows(ranking)} == {1}

    def test_liked_films_work_without_a_person(self):
        ranking = run(Request(liked=("f2", "f5"), tmdb_ids=(1008,), k=10))
        assert ranking.strategy is Strategy.SEEDS
        assert np.mean([world_of(row) == 2 for row in rows(ranking)]) >= 0.9
        assert not {2, 5, 8} & set(rows(ranking))

    def test_liked_films_count_as_a_persons_newest_events(self):
        old = person("f0", "f3", "f6")
        with_seeds = run(Request(user_id="ann", liked=("f1", "f4", "f7"), k=10), old)
        assert with_seeds.strategy is Strategy.PERSONAL
        assert np.mean([world_of(row) == 1 for row in rows(with_seeds)]) > 0.5

    def test_a_query_reports_time_and_number_of_hits_of_each_retriever(self):
        ranking = run(Request(query="film 3", k=5))
        assert {"knn", "bm25"} <= set(ranking.trace)
        assert ranking.counts["ranked"] >= 5
        assert ranking.counts["knn"] > 0
        assert ranking.counts["bm25"] > 0
        assert set(run(Request(k=5)).counts) == {"ranked"}

    def test_a_query_selects_and_the_taste_reorders(self):
        ranking = run(
            Request(query="17", k=10), person("f1", "f4"), Pipeline(make_release(), None, Weights(query_taste=0.3))
        )
        assert ranking.strategy is Strategy.QUERY
        assert rows(ranking)[0] == 17

    def test_two_tastes_both_get_their_share(self):
        ranking = run(Request(user_id="ann", k=20, diversity=0.0), person("f1", "f2", "f4", "f5", "f7", "f8"))
        worlds = [world_of(row) for row in rows(ranking)]
        assert worlds.count(1) >= 5
        assert worlds.count(2) >= 5


class TestSeeds:
    def test_unknown_films_are_listed(self):
        ranking = run(Request(liked=("f1", "nope"), tmdb_ids=(7,), k=5))
        assert ranking.ignored_ids == ("nope", "7")

    def test_a_request_with_only_unknown_films_is_refused(self):
        with pytest.raises(AllSeedsUnknown, match="none of the 2 given films"):
            run(Request(liked=("nope",), tmdb_ids=(7,), k=5))

    @pytest.mark.parametrize(
        "request_", [Request(liked=("nope",), query="film"), Request(liked=("nope",), user_id="a")]
    )
    def test_unknown_films_are_ignored_if_there_is_a_query_or_a_person(self, request_):
        profile = Profile("a") if request_.user_id else None
        assert run(request_, profile).ignored_ids == ("nope",)

    def test_a_film_outside_the_tables_still_gives_a_taste(self):
        ranking = run(Request(liked=("f118",), k=10, diversity=0.0))
        assert np.mean([world_of(row) == world_of(118) for row in rows(ranking)]) >= 0.8

    def test_a_film_outside_the_tables_can_be_recommended(self):
        ranking = run(Request(user_id="ann", k=100, diversity=0.0), person("f1", "f4", "f7"))
        assert [row for row in rows(ranking) if row >= 108 and world_of(row) == 1]


class TestLists:
    def test_seen_films_are_not_recommended(self):
        seen = person(*[f"f{i}" for i in range(100)])
        assert set(rows(run(Request(user_id="ann", k=100), seen))) == set(range(100, FILMS))

    def test_include_seen_allows_all_films_but_disliked_ones(self):
        profile = apply_all(person("f1", "f4"), events("f7", kind=EventKind.DISLIKE, start=9_000))
        result = rows(run(Request(user_id="ann", k=100, include_seen=True, diversity=0.0), profile))
        assert {1, 4} <= set(result)
        assert 7 not in result

    def test_a_clicked_film_may_still_be_recommended(self):
        assert 1 in rows(run(Request(user_id="ann", k=100), person("f1", kind=EventKind.CLICK)))

    def test_excluded_films_are_left_out(self):
        first = rows(run(Request(k=5)))
        excluded = tuple(f"f{row}" for row in first)
        assert not set(first) & set(rows(run(Request(k=50, exclude_item_ids=(*excluded, "unknown")))))

    def test_more_says_whether_films_are_left(self):
        assert run(Request(k=100)).more
        everything = PIPELINE.bundle.catalogue.hashes
        assert not run(Request(k=100), shown=everything[:30]).more

    def test_without_candidates_the_answer_is_empty(self):
        ranking = run(Request(k=5, filters=Filters(year_from=2200)))
        assert ranking.items == ()
        assert not ranking.more


class TestQueries:
    def test_popularity_does_not_lift_films_that_do_not_match(self):
        # Only one film matches by name; popular films must not come before it.
        pipeline = Pipeline(make_release(make_bundle(vectors=False)), None)
        assert rows(run(Request(query="110", k=3), None, pipeline))[0] == 110

    def test_films_that_do_not_match_follow_in_the_order_of_taste(self):
        pipeline = Pipeline(make_release(make_bundle(vectors=False)), None)
        assert rows(run(Request(query="110", k=4, diversity=0.0), None, pipeline)) == [110, 0, 1, 2]


class TestBaseline:
    def test_is_a_preset_that_uses_both_retrievers(self):
        release = make_release(make_bundle(weights=Weights(formula="playbook")))
        ranking = run(Request(k=5, explain=True), person("f1", "f4"), Pipeline(release, None))
        assert set(ranking.items[0].signals) == {"content", "text", "popularity", "recency", "genres"}
        assert release.search.requests[0].text
        assert ranking.strategy is Strategy.PERSONAL

    def test_works_without_search(self):
        release = make_release(make_bundle(weights=Weights(formula="playbook")))
        release.search.down = True
        ranking = run(Request(k=5), person("f1", "f4"), Pipeline(release, None))
        assert ranking.degraded == ("search: timeout",)
        assert len(ranking.items) == 5


class TestReasons:
    def test_a_film_found_by_the_query_alone_cites_no_film_of_the_taste(self):
        pipeline = Pipeline(make_release(make_bundle(weights=Weights(query_text=50.0))), None)
        top = run(Request(query="17", k=1), person("f1", "f4"), pipeline).items[0]
        assert [reason.kind for reason in top.reasons][:1] == [ReasonKind.QUERY]
        assert ReasonKind.LIKED not in [reason.kind for reason in top.reasons]

    def test_a_film_recommended_for_its_popularity_says_so(self):
        weights = Weights(popularity=50.0, coherence_from=2.0)  # no taste is coherent enough for the prior to fade
        pipeline = Pipeline(make_release(make_bundle(weights=weights)), None)
        top = run(Request(k=1, diversity=0.0), person("f1", "f4"), pipeline).items[0]
        assert top.reasons[0].kind is ReasonKind.POPULAR

    def test_every_film_has_a_reason(self):
        for profile in (None, person("f1"), person(*[f"f{i}" for i in range(40)])):
            assert all(item.reasons for item in run(Request(k=50), profile).items)


class TestNovelty:
    def test_raises_an_unrated_film_by_its_text(self):
        bundle = make_bundle()
        bundle.collaborative.events[:] = 1_000
        bundle.collaborative.events[100] = 0
        release = make_release(bundle)
        scores = {}
        for weight in (0.0, 5.0):
            pipeline = Pipeline(release, None, Weights(novelty=weight))
            items = run(Request(k=100, diversity=0.0, explain=True), person("f1", "f4", "f7"), pipeline).items
            scores[weight] = next(sum(item.signals.values()) for item in items if item.row == 100)
        assert scores[5.0] > scores[0.0]

    def test_is_missing_without_vectors(self):
        pipeline = Pipeline(make_release(make_bundle(vectors=False)), None)
        assert "novelty" not in run(Request(k=1, explain=True), person("f1"), pipeline).items[0].signals


class TestDislikes:
    def test_a_dislike_lowers_similar_films(self):
        before = {item.row: item.score for item in run(Request(user_id="ann", k=100), person("f0", "f1")).items}
        profile = apply_all(person("f0", "f1"), events("f4", kind=EventKind.DISLIKE, start=5_000))
        after = {item.row: item.score for item in run(Request(user_id="ann", k=100), profile).items}
        common = before.keys() & after.keys()
        change = {row: after[row] - before[row] for row in common}
        of_world = [np.mean([change[row] for row in common if world_of(row) == world]) for world in range(3)]
        assert of_world[1] < -0.01
        assert of_world[1] < min(of_world[0], of_world[2])

    def test_dislikes_alone_make_no_taste(self):
        assert run(Request(disliked=("f0",), k=5)).strategy is Strategy.POPULAR


class TestDegraded:
    def test_without_search_the_answer_is_degraded(self):
        release = make_release()
        release.search.down = True
        ranking = run(Request(query="film 3", k=5), None, Pipeline(release, HashEncoder()))
        assert ranking.degraded == ("search: timeout",)
        assert len(ranking.items) == 5

    def test_without_an_encoder_words_still_match(self):
        ranking = run(Request(query="film 3", k=5), None, Pipeline(make_release(), None))
        assert ranking.degraded[0].startswith("encoder:")
        assert rows(ranking)[0] == 3

    def test_a_bundle_without_vectors_is_not_degraded(self):
        ranking = run(Request(query="film 3", k=5), None, Pipeline(make_release(make_bundle(vectors=False)), None))
        assert ranking.degraded == ()

    def test_a_retriever_with_weight_0_is_not_called(self):
        bundle = make_bundle(weights=Weights(coherent_content=0.0, bare_content=0.0))
        release = make_release(bundle)
        run(Request(user_id="ann"), person("f1"), Pipeline(release, None))
        assert isinstance(release.search, NumpySearch)
        assert release.search.requests == []


profiles = st.lists(st.integers(0, FILMS - 1), max_size=12, unique=True).map(
    lambda liked: person(*[f"f{row}" for row in liked])
)
requests = st.builds(
    Request,
    user_id=st.just("ann"),
    k=st.integers(1, 100),
    diversity=st.sampled_from([0.0, 0.2, 0.7, 1.0]),
    include_seen=st.booleans(),
    query=st.sampled_from([None, "film 3", "no such words"]),
    filters=st.builds(
        Filters,
        genres=st.sampled_from([0, to_mask(["Western"]), to_mask(["Drama", "Comedy"])]),
        not_genres=st.sampled_from([0, to_mask(["Action"])]),
        year_from=st.sampled_from([None, 1960, 1999]),
        year_to=st.sampled_from([None, 1990]),
        runtime_to=st.sampled_from([None, 100]),
        languages=st.sampled_from([(), ("fr",), ("en", "ja")]),
        min_votes=st.sampled_from([0, 500]),
    ),
)


class TestInvariants:
    @given(requests, profiles, st.integers(1, 100))
    @settings(max_examples=60)
    def test_a_shorter_answer_is_a_prefix_of_a_longer_one(self, request, profile, k):
        short, long = (run(_with_k(request, size), profile) for size in sorted([k, request.k]))
        assert rows(long)[: len(short.items)] == rows(short)
        assert [item.score for item in long.items][: len(short.items)] == [item.score for item in short.items]

    @given(requests, profiles)
    @settings(max_examples=60)
    def test_filtered_lists_have_k_films_if_enough_pass(self, request, profile):
        passing = request.filters.mask(PIPELINE.bundle.catalogue)
        if not request.include_seen:
            seen = PIPELINE.bundle.catalogue.rows_of_hashes(profile.seen)
            passing[seen] = False
        result = rows(run(request, profile))
        assert len(result) == min(request.k, int(passing.sum()))
        assert len(set(result)) == len(result)
        assert passing[result].all()

    @given(requests, profiles)
    @settings(max_examples=60)
    def test_a_films_score_does_not_depend_on_the_rest_of_the_request(self, request, profile):
        plain = Request(user_id="ann", k=100, query=request.query, diversity=0.0, include_seen=True)
        scores = {item.row: item.score for item in run(plain, profile).items}
        for item in run(request, profile).items:
            if item.row in scores:
                assert item.score == pytest.approx(scores[item.row], abs=1e-6)

    @given(profiles)
    @settings(max_examples=30)
    def test_scores_are_sorted_without_diversity_and_in_0_to_1(self, profile):
        scores = [item.score for item in run(Request(user_id="ann", k=100, diversity=0.0), profile).items]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


def _with_k(request: Request, k: int) -> Request:
    return Request(
        user_id=request.user_id,
        k=k,
        diversity=request.diversity,
        include_seen=request.include_seen,
        query=request.query,
        filters=request.filters,
    )
