"""Hashes of ids. Films use 40 bits, so that a person's packed history stores five bytes per film.

A catalogue of 62,000 films contains a colliding pair with probability 62,000^2 / 2^41 = 0.17 %, so the bundle writer
checks for collisions and refuses; online the hash is as good as the id.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def hash_id(item_id: str) -> int:
    """Return the first 40 bits of BLAKE2b of the id's UTF-8 bytes, as an unsigned integer."""
    return int.from_bytes(hashlib.blake2b(item_id.encode("utf-8", "replace"), digest_size=5).digest(), "big")


def mark_of(user_id: str) -> str:
    """Return the erasure mark of a person: 128 bits of BLAKE2b of the id, in hex. It recognises the id if it appears
    again and does not reveal it, but a guessed id can be verified, so it is not anonymous.
    """
    return hashlib.blake2b(user_id.encode("utf-8", "replace"), digest_size=16).hexdigest()


def hash_ids(item_ids: Iterable[str]) -> NDArray[np.uint64]:
    """Return ``hash_id`` of each id, uint64[n]."""
    return np.fromiter((hash_id(item_id) for item_id in item_ids), np.uint64)
