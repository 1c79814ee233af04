"""Contract: the rolling window of a quota, and the properties of its arithmetic."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.errors import StateUnavailable
from services.recommender.ports import Quota
from services.recommender.quota_window import SUB_BUCKETS, Window, admit
from tests.adapters.state.state_kit import FakeClock, Make, Store

WINDOW_S = 10
gaps = st.lists(st.one_of(st.integers(0, 400), st.integers(0, 4_000), st.just(WINDOW_S * 1_000)), max_size=80)


def times_of(gaps_ms: list[int], start_ms: int) -> list[int]:
    times = [start_ms]
    for gap in gaps_ms:
        times.append(times[-1] + gap)
    return times


def within(admitted: list[int], since_ms: int, until_ms: int) -> int:
    return sum(since_ms <= at <= until_ms for at in admitted)


def check_properties(call, gaps_ms: list[int], limit: int, start_ms: int, window_s: int = WINDOW_S) -> None:
    """Check: never more than the limit in a window; refused only if a window and a sub-bucket are full."""
    width_ms = Window.width_of(window_s)
    admitted: list[int] = []
    for now_ms in times_of(gaps_ms, start_ms):
        quota = call(limit, window_s, now_ms)
        if quota.allowed:
            admitted.append(now_ms)
            assert within(admitted, now_ms - window_s * 1_000, now_ms) <= limit
        else:
            assert within(admitted, now_ms - (SUB_BUCKETS + 1) * width_ms + 1, now_ms) >= limit
            assert quota.remaining == 0
            assert 1 <= quota.reset_s <= (SUB_BUCKETS + 1) * width_ms // 1_000 + 1
        assert quota.limit == limit


@given(gaps, st.integers(1, 12), st.integers(0, 10**12), st.integers(1, 90))
def test_the_properties_of_the_window(gaps_ms: list[int], limit: int, start_ms: int, window_s: int) -> None:
    window = Window(Window.width_of(window_s))

    def call(limit: int, window_s: int, now_ms: int) -> Quota:
        nonlocal window
        window, quota = admit(window, limit, now_ms)
        return quota

    check_properties(call, gaps_ms, limit, start_ms, window_s)


def test_the_properties_hold_in_every_store(make: Make) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = make(Path(folder), FakeClock())
        keys = iter(range(10**6))

        @settings(max_examples=30)
        @given(gaps, st.integers(1, 12), st.integers(0, 10**12))
        def check(gaps_ms: list[int], limit: int, start_ms: int) -> None:
            key_id = f"k{next(keys)}"
            check_properties(lambda *args: store.quota.admit(key_id, *args), gaps_ms, limit, start_ms)

        check()
        store.state.close()


@given(gaps, st.integers(1, 8), st.integers(0, 10**12))
def test_after_the_reset_time_a_request_is_allowed(gaps_ms: list[int], limit: int, start_ms: int) -> None:
    window = Window(Window.width_of(WINDOW_S))
    for now_ms in times_of(gaps_ms, start_ms):
        window, quota = admit(window, limit, now_ms)
        if not quota.allowed:
            _, later = admit(window, limit, now_ms + quota.reset_s * 1_000)
            assert later.allowed


def test_remaining_counts_down_and_recovers_after_the_window(store: Store) -> None:
    at = store.clock.now_ms()
    quotas = [store.quota.admit("k1", 3, WINDOW_S, at) for _ in range(4)]
    assert [quota.allowed for quota in quotas] == [True, True, True, False]
    assert [quota.remaining for quota in quotas] == [2, 1, 0, 0]
    assert store.quota.admit("k1", 3, WINDOW_S, at + quotas[-1].reset_s * 1_000).allowed


def test_a_refused_request_does_not_count(store: Store) -> None:
    at = store.clock.now_ms()
    for _ in range(50):
        refused = store.quota.admit("k1", 1, WINDOW_S, at)
    assert store.quota.admit("k1", 1, WINDOW_S, at + refused.reset_s * 1_000).allowed


def test_keys_have_separate_windows(store: Store) -> None:
    at = store.clock.now_ms()
    assert store.quota.admit("k1", 1, WINDOW_S, at).allowed
    assert store.quota.admit("k2", 1, WINDOW_S, at).allowed
    assert not store.quota.admit("k1", 1, WINDOW_S, at).allowed


def test_a_limit_of_zero_means_unlimited(store: Store) -> None:
    assert all(store.quota.admit("k1", 0, WINDOW_S, store.clock.now_ms()).allowed for _ in range(20))


def test_a_changed_limit_applies_at_once(store: Store) -> None:
    at = store.clock.now_ms()
    for _ in range(5):
        store.quota.admit("k1", 5, WINDOW_S, at)
    assert store.quota.admit("k1", 6, WINDOW_S, at).allowed
    lowered = store.quota.admit("k1", 2, WINDOW_S, at)
    assert (lowered.allowed, lowered.remaining) == (False, 0)


def test_a_changed_window_starts_empty(store: Store) -> None:
    at = store.clock.now_ms()
    store.quota.admit("k1", 1, WINDOW_S, at)
    assert store.quota.admit("k1", 1, WINDOW_S * 6, at).allowed


def test_a_slightly_older_time_counts_as_the_latest(store: Store) -> None:
    at = store.clock.now_ms()
    assert store.quota.admit("k1", 2, WINDOW_S, at).allowed
    assert store.quota.admit("k1", 2, WINDOW_S, at - 1_500).allowed
    assert not store.quota.admit("k1", 2, WINDOW_S, at - 1_500).allowed


def test_clocks_a_minute_apart_do_not_reset_the_window(store: Store) -> None:
    at = store.clock.now_ms()
    before = [store.quota.admit("k1", 5, WINDOW_S, at).allowed for _ in range(3)]
    # For the first call of the faster clock the earlier ones are a window ago; after that both share one window.
    turns = [store.quota.admit("k1", 5, WINDOW_S, at + n + (n % 2) * 60_000).allowed for n in range(60)]
    assert all(before)
    assert sum(turns[1:]) == 5


def test_a_clock_a_minute_ahead_causes_only_a_short_lockout(store: Store) -> None:
    at = store.clock.now_ms()
    store.quota.admit("k1", 1, WINDOW_S, at + 60_000)
    assert not store.quota.admit("k1", 1, WINDOW_S, at).allowed
    assert store.quota.admit("k1", 1, WINDOW_S, at + 60_000 + 11 * 1_000).allowed


def test_a_clock_set_back_causes_no_lockout(store: Store) -> None:
    at = store.clock.now_ms()
    store.quota.admit("k1", 1, WINDOW_S, at + 3_600_000)
    assert store.quota.admit("k1", 1, WINDOW_S, at).allowed


def test_sixteen_threads_never_exceed_the_limit(store: Store) -> None:
    def call(number: int) -> bool:
        # On a busy machine one of sixteen threads may exceed its time limit: retry.
        while True:
            with suppress(StateUnavailable):
                return store.quota.admit("k1", 100, WINDOW_S, store.clock.now_ms() + number).allowed

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(call, range(400))) == 100
