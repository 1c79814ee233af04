"""When a stored answer may be given again: same person's revision, same bundle, index, options and weights."""

import hashlib
import json
from dataclasses import fields
from functools import lru_cache

from services.recommender.domain.filters import Filters
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.ports import CacheKey

# Not part of what is asked: who asks is the key's owner, the cursor is the page and hashed on its own.
_NOT_ASKED = frozenset({"user_id", "k", "explain", "cursor", "filters"})
_ASKED = tuple(field.name for field in fields(Request) if field.name not in _NOT_ASKED)
_FILTERS = tuple(field.name for field in fields(Filters))


def request_fingerprint(request: Request) -> bytes:
    """32 bytes over what is asked and who asks, k, explain and page aside: what a cursor is tied to."""
    # Not asdict: it copies every value it meets, which took longer than reading the profile.
    asked = [getattr(request, name) for name in _ASKED]
    filters = [getattr(request.filters, name) for name in _FILTERS]
    return _digest([request.user_id, asked, filters])


def cache_key(request: Request, asked: bytes, weights: Weights, versions: tuple[str, ...]) -> CacheKey:
    """The key of an answer. ``asked``: the request's fingerprint; ``versions``: bundle, index and prompt version, so
    that a release starts afresh.
    """
    fingerprint = _digest([asked.hex(), request.cursor, _weights_document(weights), list(versions)]).hex()[:32]
    return CacheKey(f"rec#{owner(request.user_id)}", f"k{request.k}#ex{int(request.explain)}#{fingerprint}")


@lru_cache(maxsize=8)
def _weights_document(weights: Weights) -> str:
    return json.dumps(weights.to_json(), sort_keys=True)


def owner(user_id: str | None) -> str:
    """The user id as part of a key: percent-encoded, so that "#" separates; empty for an anonymous visitor."""
    if user_id is None:
        return ""
    return "".join(chr(b) if chr(b).isalnum() and b < 128 else f"%{b:02X}" for b in user_id.encode("utf-8", "replace"))


def _digest(document: object) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=32).digest()
