"""What outlives a request, bound to it by its fingerprint: its answer in the response cache, and its page cursor.

An answer is JSON as cached and sent: built once and never parsed again. Its key covers the request, bundle, index and
weights.

The page cursor is stateless: short hashes of the films shown, bound to the request. Layout before base64url: version (1
byte), request fingerprint (6 bytes), film hashes (5 bytes each, sorted), CRC-32 of all that (4 bytes). The checksum
distinguishes damage from a foreign cursor; nothing in it is secret.
"""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Flag, auto
from functools import lru_cache

import numpy as np
import orjson
from numpy.typing import NDArray

from services.recommender import documents
from services.recommender.domain.filters import Filters
from services.recommender.domain.history import pack_hashes, unpack_hashes
from services.recommender.domain.profile import NO_HASHES
from services.recommender.domain.request import Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.errors import BadCursor
from services.recommender.ports import CacheKey

# Not among the hashed values: user and filters are hashed separately; k, explain and the cursor are part of the key.
_NOT_HASHED = frozenset({"user_id", "k", "explain", "cursor", "filters"})
_HASHED = tuple(field.name for field in fields(Request) if field.name not in _NOT_HASHED)
_FILTERS = tuple(field.name for field in fields(Filters))


def request_fingerprint(request: Request) -> bytes:
    """Return a 32-byte hash of the request and the user, without k, explain and the page; a cursor is bound to it."""
    # Not asdict: it copies every value, which took longer than reading the profile.
    values = [getattr(request, name) for name in _HASHED]
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
        escaped = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        text = escaped.encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """``payload`` is the JSON object without ``cached`` and ``recommendation_id``. ``stages``: milliseconds by stage,
    for Server-Timing; ``counts``: films ranked and hits by retriever, for the log. ``sentence_counts``: sentences by
    author, tokens and US dollars, if a model was used. ``cacheable``: whether responses to such a request are cached.
    """

    payload: bytes
    strategy: Strategy
    cached: bool = False
    cacheable: bool = True
    degraded: tuple[str, ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    sentence_counts: Mapping[str, float] = field(default_factory=dict)

    def render(self, recommendation_id: str) -> bytes:
        """Return the whole JSON document: the stored object followed by the request's own fields."""
        own = documents.dump({"cached": self.cached, "recommendation_id": recommendation_id})
        return self.payload[:-1] + b"," + own[1:]

    def stored(self) -> bytes:
        """Return the cached form: the strategy, a line feed, the payload."""
        return self.strategy.value.encode() + b"\n" + self.payload

    @classmethod
    def of_stored(cls, stored: bytes, stages: Mapping[str, float]) -> "Answer":
        """Parse the result of ``stored``."""
        strategy, _, payload = stored.partition(b"\n")
        return cls(payload, Strategy(strategy.decode()), cached=True, stages=stages)


class Work(Flag):
    """Kinds of work that a response takes."""

    RANKED = auto()
    SEARCHED = auto()
    EXPLAINED = auto()

    @classmethod
    def of(cls, request: Request) -> "Work":
        """Return the work a request needs: queries and given films require search, a stored taste only ranking."""
        searched = cls.SEARCHED if request.query or request.liked or request.tmdb_ids else cls(0)
        return cls.RANKED | searched | (cls.EXPLAINED if request.explain else cls(0))


ALL_WORK = Work.RANKED | Work.SEARCHED | Work.EXPLAINED


MAX_SHOWN = 500
FINGERPRINT_BYTES = 6
_VERSION = 1
_POINTER = "/cursor"


def shown_before(request: Request, fingerprint: bytes) -> NDArray[np.uint64]:
    """Return the hashes of the films on earlier pages. Raises BadCursor."""
    return NO_HASHES if request.cursor is None else decode_cursor(request.cursor, fingerprint)


def encode_cursor(fingerprint: bytes, shown: NDArray[np.uint64]) -> str | None:
    """Return the cursor for the page after ``shown`` (uint64 hashes); None beyond 500 films."""
    if len(shown) > MAX_SHOWN:
        return None
    body = bytes([_VERSION]) + fingerprint[:FINGERPRINT_BYTES] + pack_hashes(shown)
    return base64.urlsafe_b64encode(body + zlib.crc32(body).to_bytes(4, "big")).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str, fingerprint: bytes) -> NDArray[np.uint64]:
    """Return the hashes of the films shown, uint64[n]. Raises BadCursor for a damaged, forged or foreign cursor."""
    body = _checked(cursor)
    if body[1 : 1 + FINGERPRINT_BYTES] != fingerprint[:FINGERPRINT_BYTES]:
        raise BadCursor(
            "the cursor belongs to another request; send it with the person, query and filters it came from,"
            " or omit it to start at the first page",
            _POINTER,
        )
    return unpack_hashes(body[1 + FINGERPRINT_BYTES :])


def _checked(cursor: str) -> bytes:
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    body, checksum = raw[:-4], raw[-4:]
    is_sound = len(body) > FINGERPRINT_BYTES and (len(body) - 1 - FINGERPRINT_BYTES) % 5 == 0
    if not is_sound or body[0] != _VERSION or zlib.crc32(body).to_bytes(4, "big") != checksum:
        raise BadCursor("the cursor is damaged or was not made by this API; send next_cursor unchanged", _POINTER)
    return body
