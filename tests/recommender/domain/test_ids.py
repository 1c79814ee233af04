import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.ids import hash_id, hash_ids

ids = st.text(max_size=300)
STORED = [235274156595, 746205806738, 925931470076, 438472631330]


@given(ids)
def test_a_hash_is_the_first_40_bits_of_blake2b(item_id: str) -> None:
    whole = hashlib.blake2b(item_id.encode(), digest_size=5).hexdigest()
    assert hash_id(item_id) == int(whole, 16)
    assert 0 <= hash_id(item_id) < 2**40


@given(st.lists(ids))
def test_hashes_of_many_are_the_hashes_of_each(item_ids: list[str]) -> None:
    hashes = hash_ids(item_ids)
    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [hash_id(item_id) for item_id in item_ids]


def test_hashes_never_change() -> None:
    # Hashes are stored: a different value would orphan every profile.
    assert [hash_id(item_id) for item_id in ("1", "603", "tt0113277", "Amélie")] == STORED


def test_a_lone_surrogate_has_a_hash() -> None:
    assert hash_id("\ud800") == hash_id("?")
