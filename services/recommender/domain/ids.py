"""Hashes of ids. 40 bits for films: what a person's packed history stores, five bytes a film.

A catalogue of 62,000 films holds a colliding pair with probability 62,000^2 / 2^41 = 0.17 %, so the
bundle writer checks for one and refuses; online a hash is as good as the id.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

HASH_BITS = 40


def hash_id(item_id: str) -> int:
    """The first 40 bits of BLAKE2b of the id's UTF-8 bytes, as an unsigned integer."""
    return int.from_bytes(hashlib.blake2b(item_id.encode("utf-8", "replace"), digest_size=5).digest(), "big")


def mark_of(user_id: str) -> str:
    """What is kept of a person who was erased: 128 bits of BLAKE2b of the id, in hex. It tells an id that is met
    again, and names nobody by itself; whoever can guess the id can check the guess, so it is not anonymous.
    """
    return hashlib.blake2b(user_id.encode("utf-8", "replace"), digest_size=16).hexdigest()


def hash_ids(item_ids: Iterable[str]) -> NDArray[np.uint64]:
    """``hash_id`` of each, uint64[n]."""
    return np.fromiter((hash_id(item_id) for item_id in item_ids), np.uint64)
