"""The OpenSearch adapter against a fake server: round trips, parsing of answers, refused indexes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.opensearch.index import IndexNote, index_body
from services.adapters.search.opensearch.search import OpenSearchSearch, hits_of
from services.adapters.search.opensearch.search_client import SearchClient
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import RemoteFailure
from services.bootstrap import SystemClock
from services.recommender.domain.filters import Filters
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Deadline, SearchRequest
from tests.adapters.search.opensearch.kit import FakeServer, Reply, fake_server, hits, refusal
from tests.builders import ManualClock
from tests.patience import PATIENCE_S

DRAMAS = Filters(min_votes=1)


@pytest.fixture
def note(world) -> IndexNote:
    return replace(IndexNote.of(world, OpenSearchTarget(""), 0), complete=True)


@pytest.fixture
def mapping(note) -> Reply:
    return Reply({"films-v1": index_body(OpenSearchTarget(""), note)})


@pytest.fixture
def opened(world, world_index) -> Iterator[Callable[[FakeServer], OpenSearchSearch]]:
    searches: list[OpenSearchSearch] = []

    def open_search(server: FakeServer) -> OpenSearchSearch:
        client = SearchClient(OpenSearchTarget(server.url, timeout_s=PATIENCE_S), sleep=lambda seconds: None)
        searches.append(OpenSearchSearch(world, EmbeddedSearch(world, world_index), client, "films-v1"))
        return searches[-1]

    yield open_search
    for search in searches:
        search.close()


def soon() -> Deadline:
    return Deadline.within(SystemClock(), PATIENCE_S)


def responses(*answers: dict) -> Reply:
    return Reply({"responses": list(answers)})


def test_the_mapping_is_read_once_and_each_search_is_one_request(opened, mapping):
    with fake_server(mapping, responses(hits((9.0, 3)))) as server:
        search = opened(server)
        for _ in range(3):
            search.search(SearchRequest(text="film"), soon())
        assert [path for _, path, _ in server.calls] == ["/films-v1/_mapping"] + ["/films-v1/_msearch"] * 3


def test_both_legs_with_and_without_filters_are_one_request(opened, mapping, world):
    answers = responses(hits((9.0, 3)), hits((9.0, 3)), hits((0.9, 4)), hits((0.8, 5)))
    with fake_server(mapping, answers) as server:
        request = SearchRequest("film", world.embeddings.rows(np.array([4])), DRAMAS, 30)
        result = opened(server).search(request, soon())
        assert len(server.calls) == 2
        assert server.calls[1][2].count("\n") == 8
    assert result.text.rows.tolist() == [3]
    assert result.knn.rows.tolist() == [5]
    assert result.knn.scores == pytest.approx([0.6])
    assert result.knn.reference == pytest.approx(0.8), "the reference is that of the hits without filters"


def test_reference_is_the_mean_of_the_best_fifty_and_floor_the_last(opened, mapping):
    scores = np.linspace(20, 10, 60)
    with fake_server(mapping, responses(hits(*((float(score), row) for row, score in enumerate(scores))))) as server:
        best = opened(server).search(SearchRequest(text="film", size=60), soon()).text
    assert best.reference == pytest.approx(scores[:50].mean())
    assert best.floor == pytest.approx(10.0)
    assert (best.rows.dtype, best.scores.dtype) == (np.int32, np.float32)


def test_a_small_page_still_fetches_the_fifty_hits_of_the_reference(opened, mapping):
    with fake_server(mapping, responses(hits((9.0, 3)))) as server:
        opened(server).search(SearchRequest(text="film", size=5), soon())
        assert '"size":50' in server.calls[1][2]


def test_text_without_terms_is_not_sent(opened, mapping):
    with fake_server(mapping) as server:
        result = opened(server).search(SearchRequest(text="?!", vectors=None), soon())
        assert len(server.calls) == 1
    assert result.text.rows.tolist() == []
    assert result.knn is None


def test_equal_scores_are_in_the_order_of_rows():
    ordered = hits_of(hits((1.0, 7), (1.0, 2), (3.0, 9)), 10)
    assert ordered.rows.tolist() == [9, 2, 7]


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({}, "unreadable answer"),
        ({"hits": {}}, "unreadable answer"),
        ({"hits": {"hits": [{"_id": "1"}]}}, "unreadable answer"),
        ({"hits": {"hits": [{"sort": [1.0]}]}}, "unreadable answer"),
        ({"hits": {"hits": [{"sort": [1.0, "x"]}]}}, "unreadable answer"),
        (hits((1.0, 10)), "index mismatch"),
        (hits((1.0, -1)), "index mismatch"),
        (hits((1.0, 2**40)), "unreadable answer"),
    ],
)
def test_unreadable_answers_and_unknown_rows_are_refused(response, reason):
    with pytest.raises(RemoteFailure) as caught:
        hits_of(response, 10)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dims": 384}, "index mismatch"),
        ({"encoder": "other"}, "index mismatch"),
        ({"complete": False}, "index incomplete"),
    ],
)
def test_an_index_of_another_bundle_is_not_searched(opened, note, change, reason):
    body = index_body(OpenSearchTarget(""), replace(note, **change))
    with fake_server(Reply({"films-v1": body}), responses(hits())) as server:
        with pytest.raises(RemoteFailure) as caught:
            opened(server).search(SearchRequest(text="film"), soon())
        expected = ["/films-v1/_mapping", *(["/films-v1/_msearch"] if reason == "index incomplete" else [])]
        assert [path for _, path, _ in server.calls] == expected, (
            "a mapping may lose its note, so the document is read too"
        )
    assert caught.value.reason == reason


def test_the_note_is_read_from_the_document_if_the_mapping_lost_it(opened, note):
    body = index_body(OpenSearchTarget(""), note)
    del body["mappings"]["_meta"]
    earlier = replace(note, complete=False)
    documents = [{"_source": stored.to_document()} for stored in (earlier, note, earlier)]
    notes = {"hits": {"hits": [*documents, {"_source": {}}, {}]}, "status": 200}
    with fake_server(Reply({"films-v1": body}), responses(notes), responses(hits((9.0, 3)))) as server:
        search = opened(server)
        assert search.search(SearchRequest(text="film"), soon()).text.rows.tolist() == [3]


def test_an_index_completed_later_is_used(opened, mapping, note):
    loading = Reply({"films-v1": index_body(OpenSearchTarget(""), replace(note, complete=False))})
    missing = Reply(refusal(404, "index_not_found_exception"), 404)
    with fake_server(missing, loading, responses(hits()), mapping, responses(hits((9.0, 3)))) as server:
        search = opened(server)
        for reason in ("index missing", "index incomplete"):
            with pytest.raises(RemoteFailure, match=reason):
                search.search(SearchRequest(text="film"), soon())
        assert search.search(SearchRequest(text="film"), soon()).text.rows.tolist() == [3]


def test_vectors_of_a_wrong_length_are_refused_without_a_request(opened, mapping):
    with fake_server(mapping) as server:
        with pytest.raises(SearchUnavailable, match="16 dimensions") as caught:
            opened(server).search(SearchRequest(vectors=np.ones((1, 8), np.float32)), soon())
        assert server.calls == []
    assert not isinstance(caught.value, RemoteFailure), "the error is the caller's, not the engine's"


def test_among_namesakes_the_most_popular_is_first(films_bundle, films_index, note):
    ids = list(films_bundle.catalogue.item_ids)
    popular, other = ids.index("h1"), ids.index("h2")
    films_note = replace(note, bundle="films", dims=0, encoder=None)
    with fake_server(
        Reply({"films-v1": index_body(OpenSearchTarget(""), films_note)}),
        responses(hits((99.0, other), (98.0, popular))),
    ) as server:
        client = SearchClient(OpenSearchTarget(server.url, timeout_s=PATIENCE_S))
        search = OpenSearchSearch(films_bundle, EmbeddedSearch(films_bundle, films_index), client, "films-v1")
        both = search.search(SearchRequest(text="heat"), soon()).text
        search.close()
    assert both.rows.tolist() == [popular, other]
    assert both.scores.tolist() == [99.0, 98.0]


def test_the_time_of_each_leg_is_the_round_trip(opened, mapping, world):
    clock = ManualClock()
    answers = Reply({"responses": [hits((9.0, 3))] * 4}, meanwhile=lambda: clock.advance(0.15))
    with fake_server(mapping, answers) as server:
        request = SearchRequest(text="film", vectors=world.embeddings.rows(np.array([5])))
        result = opened(server).search(request, Deadline.within(clock, PATIENCE_S))
    assert [hits.ms for hits in (result.text, result.knn)] == pytest.approx([150, 150], abs=0.01)
