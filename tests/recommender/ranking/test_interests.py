"""Two kinds of films in one taste share the page."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release
from services.recommender.ranking.ranker import LEAST, clusters, interests_of, take_turns
from services.recommender.taste.traits import FilmTraits
from tests.builders import ManualClock, NumpySearch
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of

WESTERN, CARTOON = {"genre: Western": 1.0, "keyword: duel": 0.7}, {"genre: Animation": 1.0, "keyword: mouse": 0.7}
# Westerns are in even rows, cartoons in odd ones; cartoons are more popular.
FILMS = [
    Film(traits=CARTOON if row % 2 else WESTERN, popularity=1.0 + 2 * (row % 2), events=50) for row in range(40)
] + [Film(traits={f"keyword: {row}": 1.0}, events=5) for row in range(40)]


def pipeline() -> Pipeline:
    # People who like a cartoon like all cartoons; people who like a western like other westerns only a little.
    raises = {(liked, film): 1.0 + 0.01 * film if film % 2 else 0.4 for liked in range(4) for film in range(4, 40)
              if film % 2 == liked % 2}  # fmt: skip
    bundle = bundle_of(FILMS, main=raises, short=raises)
    return Pipeline(Release(bundle, NumpySearch(bundle)), None, EVEN)


def kinds(liked: list[int], k: int = 10, diversity: float = 0.2) -> list[str]:
    request = Request(liked=tuple(f"f{row}" for row in liked), k=k, diversity=diversity)
    ranking = pipeline().rank(request, None, Deadline.within(ManualClock(), 60))
    return ["cartoon" if item.row % 2 else "western" if item.row < 40 else "other" for item in ranking.items]


class TestPage:
    def test_two_interests_share_the_page(self):
        assert Counter(kinds([0, 2, 1, 3])) == {"western": 5, "cartoon": 5}

    def test_shares_are_proportional_to_the_number_of_likes(self):
        shares = Counter(kinds([0, 2, 4, 6, 1, 3], k=9))
        assert shares == {"western": 6, "cartoon": 3}

    def test_without_diversity_scores_alone_decide(self):
        assert Counter(kinds([0, 2, 1, 3], diversity=0.0))["cartoon"] > 5

    def test_a_shorter_page_is_a_prefix_of_a_longer_one(self):
        assert kinds([0, 2, 1, 3], k=5) == kinds([0, 2, 1, 3], k=12)[:5]

    def test_scores_and_reasons_stay_those_of_the_whole_taste(self):
        request = Request(liked=("f0", "f2", "f1", "f3"), k=20)
        shared, single = (
            {item.row: (item.score, [reason.text for reason in item.reasons])
             for item in pipeline().rank(one_request, None, Deadline.within(ManualClock(), 60)).items}
            for one_request in (request, Request(liked=request.liked, k=36, diversity=0.0))
        )  # fmt: skip
        assert shared == {row: single[row] for row in shared}


class TestInterests:
    def groups(self, rows: list[int], base: list[float] | None = None) -> list[list[int]]:
        bundle = bundle_of(FILMS)
        interests = interests_of(bundle, FilmTraits.of(bundle.catalogue.traits), taste_of(rows, base))
        return sorted(group.tolist() for group in interests)

    def test_are_groups_of_similar_films(self):
        assert self.groups([0, 1, 2, 3]) == [[0, 2], [1, 3]]

    def test_are_none_if_all_films_are_similar(self):
        assert self.groups([0, 2, 4, 6]) == []

    def test_are_none_if_a_group_would_have_a_single_film(self):
        assert self.groups([0, 2, 4, 1]) == []

    def test_are_none_if_films_have_nothing_in_common(self):
        assert self.groups([50, 51, 52, 53]) == []

    def test_are_made_of_likes_only(self):
        assert self.groups([0, 2, 1, 3], base=[1.0, 1.0, 1.0, 0.3]) == []

    def test_may_be_three(self):
        likeness = np.kron(np.eye(3, dtype=np.float32), np.ones((2, 2), np.float32))
        assert [group.tolist() for group in clusters(likeness)] == [[0, 1], [2, 3], [4, 5]]


class TestInvariants:
    @given(arrays.arrays(np.float32, (7, 7), elements=st.floats(-1, 1, width=32)))
    def test_clusters_have_every_film_once_and_at_least_two_films_each(self, values):
        result = clusters((values + values.T) / 2)
        if result:
            assert len(result) > 1
            assert min(map(len, result)) >= LEAST
            assert sorted(np.concatenate(result).tolist()) == list(range(7))

    @given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12)), min_size=1, max_size=4), st.integers(0, 30))
    def test_turns_keep_the_order_of_each_list_and_fewer_turns_are_a_prefix(self, shapes, count):
        # Entries are numbered across the lists.
        ends = np.cumsum([length for _, length in shapes])
        lists = [list(range(end - length, end)) for (_, length), end in zip(shapes, ends.tolist(), strict=True)]
        sizes = [size for size, _ in shapes]
        merged = take_turns(lists, sizes, count)
        assert len(merged) == min(count, int(ends[-1]))
        assert merged == take_turns(lists, sizes, count + 1)[:count]
        for entries in lists:
            taken = [entry for entry in merged if entry in entries]
            assert taken == entries[: len(taken)]
