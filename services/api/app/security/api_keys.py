"""API key format: ``mq_{id}_{mac}`` with mac = HMAC-SHA256(pepper, id). No secret is stored."""

import hashlib
import hmac
import re

from services.recommender.errors import Unauthorized

PREFIX = "mq"
MAC_CHARS = 40
_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def make_key(key_id: str, pepper: bytes) -> str:
    """Return the key for a key id, to be shown once. Raises ValueError for an id outside ``[A-Za-z0-9-]{1,64}``."""
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError(f"a key id has 1 to 64 letters, digits or dashes; got {key_id!r}")
    return f"{PREFIX}_{key_id}_{_mac(key_id, pepper)}"


def key_id_of(key: str | None, pepper: bytes) -> str:
    """Verify a key in constant time, without the store, and return its id. Raises Unauthorized."""
    if not key:
        raise Unauthorized("no API key: send it in the header X-API-Key")
    prefix, _, rest = key.partition("_")
    key_id, _, mac = rest.partition("_")
    genuine = hmac.compare_digest(mac.encode(), _mac(key_id, pepper).encode())
    if not genuine or prefix != PREFIX or not _KEY_ID.fullmatch(key_id):
        raise Unauthorized("the API key in the header X-API-Key is not valid")
    return key_id


def _mac(key_id: str, pepper: bytes) -> str:
    return hmac.new(pepper, key_id.encode(), hashlib.sha256).hexdigest()[:MAC_CHARS]
