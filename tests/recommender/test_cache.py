from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.cache import cache_key, owner, request_fingerprint
from services.recommender.domain.filters import Filters
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights

BASE = Request(user_id="ann", k=10, liked=("1", "2"), filters=Filters(year_from=1990))
VERSIONS = ("bundle", "index", "")


def key(request: Request = BASE, weights: Weights | None = None, versions: tuple[str, ...] = VERSIONS):
    return cache_key(request, request_fingerprint(request), weights or Weights(), versions)


@pytest.mark.parametrize(
    "change",
    [
        {"k": 11},
        {"explain": True},
        {"liked": ("2", "1")},
        {"disliked": ("3",)},
        {"tmdb_ids": (5,)},
        {"query": "heist"},
        {"understand": False},
        {"ignore_conditions": ("year:1999",)},
        {"filters": Filters(year_from=1991)},
        {"exclude_item_ids": ("9",)},
        {"only_item_ids": ("9",)},
        {"only_item_ids": ()},
        {"include_seen": True},
        {"diversity": 0.3},
        {"familiarity": 0.5},
        {"cursor": "abc"},
        {"user_id": "bob"},
        {"user_id": None},
    ],
)
def test_every_part_of_a_request_is_part_of_its_key(change):
    assert key(replace(BASE, **change)) != key()


def test_weights_and_versions_are_part_of_the_key():
    assert key(weights=Weights(traits=0.1)) != key()
    assert key(versions=("bundle", "index", "prompt-2")) != key()


def test_the_same_request_has_the_same_key():
    assert key(replace(BASE)) == key()


def test_a_cursor_may_be_used_with_another_k_but_not_for_another_question():
    assert request_fingerprint(replace(BASE, k=50, explain=True, cursor="x")) == request_fingerprint(BASE)
    assert request_fingerprint(replace(BASE, diversity=0.9)) != request_fingerprint(BASE)
    assert request_fingerprint(replace(BASE, user_id="bob")) != request_fingerprint(BASE)


@given(st.text(max_size=20), st.text(max_size=20))
def test_people_never_share_a_partition(left, right):
    if left.encode("utf-8", "replace") != right.encode("utf-8", "replace"):
        assert owner(left) != owner(right)
    assert "#" not in owner(left)
    assert owner(left).isascii()
