"""Contract: with many threads on one store, no write is lost or counted twice."""

from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import EventKind
from services.recommender.ports import CacheEntry, CacheKey
from tests.adapters.state.state_kit import NOON_MS, THREADS, Store, did, flat, in_threads, send, stored


def test_one_idempotency_key_from_many_threads_is_one_event(store: Store) -> None:
    def post(_: int) -> list:
        return [stored(store.record(send(did(), key="a")))[0] for _ in range(50)]

    receipts = flat(in_threads(post))
    assert len(receipts) == THREADS * 50
    assert len({receipt.event_id for receipt in receipts}) == 1
    assert sum(not receipt.replayed for receipt in receipts) == 1
    assert len(store.log_of("ann")) == 1


def test_the_same_like_from_many_threads_is_one_event(store: Store) -> None:
    receipts = flat(in_threads(lambda _: stored(store.record(send(did())))))
    assert sum(not receipt.duplicate for receipt in receipts) == 1
    assert {receipt.event_id for receipt in receipts} == {logged_event.event_id for logged_event in store.log_of("ann")}


def test_different_likes_of_one_person_are_all_kept(store: Store) -> None:
    def post(number: int) -> list:
        return [stored(store.record(send(did(f"{number}-{n}"))))[0].event_id for n in range(10)]

    ids = flat(in_threads(post))
    assert sorted(logged_event.event_id for logged_event in store.log_of("ann")) == sorted(ids)
    films = sorted(hash_id(f"{number}-{n}") for number in range(THREADS) for n in range(10))
    profile = store.profile()
    assert profile.seen.tolist() == films
    assert sorted(profile.history.hashes.tolist()) == films


def test_batches_with_people_in_any_order_do_not_deadlock(store: Store) -> None:
    people = [f"p{n}" for n in range(6)]

    def post(number: int) -> None:
        order = people if number % 2 else people[::-1]
        stored(store.record(*(send(did(f"film {number}"), person) for person in order)))

    in_threads(post)
    assert all(len(store.log_of(person)) == THREADS for person in people)


def test_a_read_sees_a_whole_write_or_none(store: Store) -> None:
    def work(number: int) -> bool:
        if number == 0:
            for n in range(30):
                kind = EventKind.DISLIKE if n % 2 else EventKind.LIKE
                stored(store.record(send(did(f"film {n}", kind, NOON_MS + n), key=f"{n}")))
            return True
        profiles = [store.profile() for _ in range(100)]
        return all(
            len(profile.seen) == len(profile.history) and len(profile.disliked) == len(profile.history) // 2
            for profile in profiles
        )

    assert all(in_threads(work, 4))


def test_a_cached_answer_of_an_old_profile_is_never_read(store: Store) -> None:
    key = CacheKey("ann", "k20")

    def work(number: int) -> bool:
        for n in range(20):
            if number % 2:
                store.record(send(did(f"{number}-{n}")))
            else:
                revision = store.revision()
                store.state.write_cache(key, CacheEntry(revision, revision.encode(), store.clock.now_s() + 60))
            profile, cached = store.state.read("ann", key, store.deadline())
            if cached is not None and cached.payload != profile.revision.encode():
                return False
        return True

    assert all(in_threads(work, 8))


def test_profile_and_log_agree_after_concurrent_erasures(store: Store) -> None:
    def work(number: int) -> None:
        for n in range(10):
            if number == 0:
                store.state.erase("ann")
            else:
                store.record(send(did(f"{number}-{n}"), key=f"{number}-{n}"))

    in_threads(work, 4)
    logged = {hash_id(logged_event.event.item_id) for logged_event in store.log_of("ann")}
    assert set(store.profile().seen.tolist()) == logged
