"""Which old indexes may be removed: never one that is served or may be loading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.indexing.old_indexes import ListedIndex, indexes, outdated, prune
from data_jobs.indexing.patience import Patience
from data_jobs.indexing.writer import writer
from data_jobs.report import Silent
from services.adapters.search.opensearch.index import IndexNote, index_body
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.bootstrap import SystemClock
from services.recommender.errors import SearchUnavailable


def made(version: str, created_ms: int, complete: bool = True) -> ListedIndex:
    note = IndexNote(version, 10, 16, "e", "a", "faiss", "cosinesimil", created_ms, complete=complete)
    return ListedIndex(f"films-{version}", note)


OLD, OLDER, ACTIVE, NEWER = made("b", 20), made("a", 10), made("c", 30), made("d", 40)
HALF_OLD, HALF_NEW = made("e", 15, False), made("f", 50, False)
ALL = [NEWER, OLD, ACTIVE, OLDER, HALF_OLD, HALF_NEW]


@pytest.mark.parametrize(
    ("served", "keep", "removable"),
    [
        ({"c"}, 0, [OLDER, HALF_OLD, OLD, NEWER]),
        ({"c"}, 1, [OLDER, HALF_OLD, OLD]),
        ({"c"}, 2, [OLDER, HALF_OLD]),
        ({"c"}, 9, [HALF_OLD]),
        ({"c", "b"}, 0, [OLDER, HALF_OLD, NEWER]),
        ({"elsewhere"}, 0, [OLDER, OLD, ACTIVE, NEWER]),
        (set(), 9, []),
    ],
)
def test_which_indexes_are_outdated(served, keep, removable):
    assert outdated(ALL, served, keep) == removable


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=8),
    st.sets(st.sampled_from("abcdefgh"), max_size=2),
    st.integers(0, 4),
)
def test_an_index_that_is_served_or_may_be_loading_is_never_outdated(facts, served, keep):
    listed = [made("abcdefgh"[at], created_ms, complete) for at, (created_ms, complete) in enumerate(facts)]
    removable = outdated(listed, served, keep)
    assert not {index.note.bundle for index in removable} & served
    newest = max((index.note.created_ms for index in listed if index.note.bundle in served), default=0)
    assert all(index.note.complete or index.note.created_ms < newest for index in removable)
    remaining = [
        index for index in listed if index not in removable and index.note.complete and index.note.bundle not in served
    ]
    complete = [index for index in listed if index.note.complete and index.note.bundle not in served]
    assert len(remaining) == min(keep, len(complete))


@pytest.fixture
def target(opensearch_url, unique_name) -> OpenSearchTarget:
    return OpenSearchTarget(opensearch_url, index=unique_name)


def patient(target: OpenSearchTarget) -> Patience:
    return Patience(target, SystemClock(), Silent())


def put(client, target: OpenSearchTarget, listed: ListedIndex) -> None:
    client.indices.create(index=target.index_name(listed.note.bundle), body=index_body(target, listed.note))


def test_only_our_indexes_are_listed_oldest_first(target):
    with writer(target) as client:
        for listed in (ACTIVE, OLDER, HALF_NEW):
            put(client, target, listed)
        client.indices.create(index=f"{target.index}-foreign")
        put(client, OpenSearchTarget(target.endpoint, index=f"{target.index}-fr"), OLD)
        assert [listed.index for listed in indexes(client, patient(target))] == [
            target.index_name(version) for version in ("a", "c", "f")
        ]


def test_no_indexes(target):
    with writer(target) as client:
        assert indexes(client, patient(target)) == []
        assert prune(client, patient(target), {"c"}, 0) == []


def test_outdated_indexes_are_removed(target):
    with writer(target) as client:
        for listed in (ACTIVE, OLDER, OLD, HALF_NEW):
            put(client, target, listed)
        assert prune(client, patient(target), {"c"}, 1) == [target.index_name("a")]
        assert [listed.note.bundle for listed in indexes(client, patient(target))] == ["b", "c", "f"]


def test_an_unreachable_server():
    target = OpenSearchTarget("http://127.0.0.1:9")
    with writer(target) as client, pytest.raises(SearchUnavailable, match=target.endpoint):
        indexes(client, patient(target))
