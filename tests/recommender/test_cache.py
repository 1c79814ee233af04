from dataclasses import replace

import pytest

from services.recommender.cache import cache_key, request_fingerprint
from services.recommender.domain.filters import Filters
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.ports import CacheEntry

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


def test_a_cursor_may_be_used_with_another_k_but_not_for_another_request():
    assert request_fingerprint(replace(BASE, k=50, explain=True, cursor="x")) == request_fingerprint(BASE)
    assert request_fingerprint(replace(BASE, diversity=0.9)) != request_fingerprint(BASE)
    assert request_fingerprint(replace(BASE, user_id="bob")) != request_fingerprint(BASE)


@pytest.mark.parametrize(
    ("profile", "now_s", "current"),
    [
        (Profile("ann", revision="r1"), 9, True),
        (Profile("ann", revision="r1"), 10, False),
        (Profile("ann", revision="r2"), 9, False),
        (Profile("ann"), 9, False),
        (None, 9, False),
    ],
)
def test_an_entry_is_current_until_it_expires_or_the_person_changes(profile, now_s, current):
    assert CacheEntry("r1", b"{}", expires_at=10).is_current(profile, now_s) is current


def test_an_entry_without_a_revision_is_for_people_without_a_profile():
    entry = CacheEntry("", b"{}", expires_at=10)
    assert entry.is_current(None, 9)
    assert entry.is_current(Profile("new"), 9)


def test_a_lone_surrogate_and_a_huge_number_have_keys_too() -> None:
    broken, huge = (
        request_fingerprint(replace(BASE, **change)) for change in ({"query": "\ud800"}, {"tmdb_ids": (1 << 70,)})
    )
    assert {len(broken), len(huge)} == {32}
    assert len({broken, huge, request_fingerprint(BASE)}) == 3
    assert broken == request_fingerprint(replace(BASE, query="\ud800"))
