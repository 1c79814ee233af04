"""The preset "two-tower": calls of the endpoint, fallbacks, and how the answer reports them."""

import numpy as np
import pytest

from services.recommender.domain.profile import mark_of
from services.recommender.domain.request import Preset, ReasonKind, Request
from services.recommender.errors import PresetUnavailable, RetrieverUnavailable
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Liking, Proposed
from services.recommender.presets import two_tower
from services.recommender.taste.fold_in import Taste
from tests.builders import ManualClock, make_bundle, make_release, person, world_of

LATER = Deadline.within(ManualClock(), 1.0)
WESTERNS = ("f0", "f3", "f6")
MODEL = make_bundle(towers=True)


class Endpoint:
    """The port: answers with some films or fails for a reason; ``calls`` has the arguments of each call."""

    def __init__(self, item_ids=(), failure=""):
        self.item_ids = item_ids
        self.failure = failure
        self.calls = []

    def propose(self, person, history, count, deadline):
        self.calls.append((person, list(history), count))
        if self.failure:
            raise RetrieverUnavailable(self.failure)
        scores = tuple(float(-place) for place in range(len(self.item_ids)))
        return Proposed(tuple(self.item_ids), scores, 12.5)


def rank(bundle, endpoint=None, profile=None, **request):
    pipeline = Pipeline(make_release(bundle), None, retriever=endpoint)
    request_ = Request(**{"k": 10, "diversity": 0.0, "preset": Preset.TWO_TOWER, **request})
    return pipeline.rank(request_, profile, LATER)


def ids(ranking):
    return [f"f{item.row}" for item in ranking.items]


def test_the_model_in_the_bundle_retrieves_and_orders_films_of_the_taste():
    ranking = rank(MODEL, liked=WESTERNS)
    model = MODEL.towers
    scores = model.scores(model.person(np.array([0, 3, 6], np.int32), np.ones(3, np.float32)))
    scores[[0, 3, 6, 119]] = -np.inf
    assert [item.row for item in ranking.items] == np.argsort(-scores, kind="stable")[:10].tolist()
    assert {world_of(item.row) for item in ranking.items} == {0}
    assert (ranking.degraded, ranking.counts["by_bundle"], ranking.counts["retrieve"]) == ((), 1, 116)


def test_the_endpoint_gets_the_history_and_its_order_is_kept():
    endpoint = Endpoint(("f7", "f50", "f1", "unknown"))
    ranking = rank(MODEL, endpoint, person(*WESTERNS), user_id="ann", k=3)
    assert ids(ranking) == ["f7", "f50", "f1"]
    assert (ranking.degraded, ranking.counts["by_endpoint"], ranking.counts["retrieve"]) == ((), 1, 3)
    assert ranking.trace["retrieve"] == 12.5
    [(mark, history, count)] = endpoint.calls
    assert (mark, count) == (mark_of("ann"), 500)
    assert sorted(history, key=lambda liking: liking.item_id) == [
        Liking(film, pytest.approx(1.15)) for film in WESTERNS
    ]


def test_without_a_person_the_endpoint_gets_no_id():
    endpoint = Endpoint(("f7",))
    rank(MODEL, endpoint, liked=WESTERNS)
    assert endpoint.calls[0][0] is None


def test_if_the_endpoint_finds_too_few_films_popular_ones_fill_the_page():
    assert ids(rank(MODEL, Endpoint(("f50",)), liked=("f0",), k=4)) == ["f50", "f1", "f2", "f3"]


@pytest.mark.parametrize(
    ("bundle", "source", "message"),
    [
        (MODEL, "bundle", "used the bundle's vectors"),
        (make_bundle(svd=True), "svd", "used the SVD factors"),
        (make_bundle(), "popularity", "used popularity"),
    ],
)
def test_if_the_endpoint_fails_the_next_best_answers_and_says_so(bundle, source, message):
    ranking = rank(bundle, Endpoint(failure="late"), liked=WESTERNS)
    assert ranking.degraded == (f"retrieve: late; {message}",)
    assert len(ranking.items) == 10
    if source == "popularity":
        assert ids(ranking) == [f"f{row}" for row in (1, 2, 4, 5, 7, 8, 9, 10, 11, 12)]
    else:
        assert np.mean([world_of(item.row) == 0 for item in ranking.items]) >= 0.8
        assert ranking.counts[f"by_{source}"] == 1


def test_an_endpoint_of_another_catalogue_is_not_used():
    ranking = rank(MODEL, Endpoint(("x1", "x2")), liked=WESTERNS)
    [degraded] = ranking.degraded
    assert degraded == (
        "retrieve: the endpoint returned no film of this catalogue; train and deploy it on the same data; "
        "used the bundle's vectors"
    )


def test_an_empty_taste_causes_no_call():
    endpoint = Endpoint(("f50",))
    ranking = rank(MODEL, endpoint, k=3)
    assert (ids(ranking), endpoint.calls, ranking.degraded) == (["f0", "f1", "f2"], [], ())


def test_exclusions_apply_to_the_models_films():
    years = MODEL.catalogue.years
    endpoint = Endpoint(tuple(f"f{row}" for row in range(3, 60)))
    ranking = rank(MODEL, endpoint, liked=("f0",), exclude_item_ids=("f3",), k=20)
    assert "f3" not in ids(ranking)
    assert len({item.row for item in ranking.items}) == 20
    assert years.any()


def test_popularity_is_not_the_reason_for_the_models_films():
    ranking = rank(MODEL, liked=WESTERNS, explain=True, k=5)
    for item in ranking.items:
        assert set(item.signals) == {"two_tower", "popularity"}
        assert item.signals["two_tower"] > item.signals["popularity"]
        assert ReasonKind.POPULAR not in {reason.kind for reason in item.reasons}


def test_without_a_model_and_an_endpoint_the_error_says_how_to_get_one():
    with pytest.raises(PresetUnavailable, match="marquee train two-tower") as raised:
        rank(make_bundle(), liked=WESTERNS)
    assert raised.value.pointer == "/preset"
    two_tower.check(make_bundle(), Endpoint())


def test_a_long_history_is_cut_to_its_heaviest_and_newest_films():
    bundle = make_bundle(films=700, towers=True)
    endpoint = Endpoint(("f699",))
    taste = Taste.of_films(list(range(600)))
    taste.base[:550] = 0.3
    two_tower.find(bundle, endpoint, None, taste, LATER)
    history = endpoint.calls[0][1]
    assert len(history) == two_tower.MOST_HISTORY
    assert {f"f{row}" for row in range(550, 600)} <= {liking.item_id for liking in history}
