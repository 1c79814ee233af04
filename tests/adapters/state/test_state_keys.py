"""Contract: API keys."""

from dataclasses import replace

from services.recommender.ports import ApiKey
from tests.adapters.state.state_kit import Store

KEY = ApiKey("k1", "web shop", frozenset({"serve", "admin"}), limit=100, window_s=30, created_at=2_000)


def test_a_key_is_read_as_stored(store: Store) -> None:
    store.keys.put(KEY)
    assert store.keys.get("k1") == KEY


def test_an_unknown_key_is_none(store: Store) -> None:
    assert store.keys.get("k1") is None
    assert store.keys.list() == []


def test_a_key_can_be_revoked(store: Store) -> None:
    store.keys.put(KEY)
    store.keys.put(replace(KEY, revoked=True))
    assert store.keys.get("k1") == replace(KEY, revoked=True)
    assert len(store.keys.list()) == 1


def test_keys_are_listed_oldest_first(store: Store) -> None:
    keys = [replace(KEY, key_id=key_id, created_at=at) for key_id, at in (("c", 1), ("a", 3), ("b", 2), ("d", 2))]
    for key in keys:
        store.keys.put(key)
    assert [key.key_id for key in store.keys.list()] == ["c", "b", "d", "a"]


def test_a_key_without_scopes_and_with_any_name(store: Store) -> None:
    key = ApiKey("k#2", "Zoë's 🎬 'shop'", frozenset())
    store.keys.put(key)
    assert store.keys.get("k#2") == key
