"""Keys of the response cache: they cover the request, bundle, index and weights."""

import hashlib
import json
from dataclasses import fields
from functools import lru_cache

import orjson

from services.recommender.domain.filters import Filters
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.ports import CacheKey

# Excluded from the fingerprint: the user is part of the key, and the cursor (the page) is hashed separately.
_NOT_ASKED = frozenset({"user_id", "k", "explain", "cursor", "filters"})
_ASKED = tuple(field.name for field in fields(Request) if field.name not in _NOT_ASKED)
_FILTERS = tuple(field.name for field in fields(Filters))


def request_fingerprint(request: Request) -> bytes:
    """Return a 32-byte hash of the request and the user, without k, explain and the page; a cursor is bound to it."""
    # Not asdict: it copies every value, which took longer than reading the profile.
    values = [getattr(request, name) for name in _ASKED]
    filters = [getattr(request.filters, name) for name in _FILTERS]
    return _digest([request.user_id, values, filters])


def cache_key(request: Request, request_hash: bytes, weights: Weights, versions: tuple[str, ...]) -> CacheKey:
    """Return the cache key of a response. ``request_hash``: the request's fingerprint; ``versions``: bundle, index and
    prompt version, so that a new release starts with an empty cache.
    """
    fingerprint = _digest([request_hash.hex(), request.cursor, _weights_digest(weights), list(versions)]).hex()[:32]
    return CacheKey(request.user_id, f"k{request.k}#ex{int(request.explain)}#{fingerprint}")


@lru_cache(maxsize=8)
def _weights_digest(weights: Weights) -> str:
    return _digest(weights.to_json()).hex()


def _digest(document: object) -> bytes:
    try:
        text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # Half a surrogate pair in a text, or a huge integer.
        slowly = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        text = slowly.encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=32).digest()
