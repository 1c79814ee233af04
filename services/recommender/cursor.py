"""Stateless page cursor: short hashes of the films shown, bound to the request.

Layout before base64url: version (1 byte), request fingerprint (6 bytes), film hashes (5 bytes each, sorted), CRC-32 of
all that (4 bytes). The checksum distinguishes damage from a foreign cursor; nothing in it is secret.
"""

import base64
import binascii
import zlib

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.history import pack_hashes, unpack_hashes
from services.recommender.errors import BadCursor

MAX_SHOWN = 500
FINGERPRINT_BYTES = 6
_VERSION = 1
_POINTER = "/cursor"


def encode(fingerprint: bytes, shown: NDArray[np.uint64]) -> str | None:
    """Return the cursor for the page after ``shown`` (uint64 hashes); None beyond 500 films."""
    if len(shown) > MAX_SHOWN:
        return None
    body = bytes([_VERSION]) + fingerprint[:FINGERPRINT_BYTES] + pack_hashes(shown)
    return base64.urlsafe_b64encode(body + zlib.crc32(body).to_bytes(4, "big")).rstrip(b"=").decode("ascii")


def decode(cursor: str, fingerprint: bytes) -> NDArray[np.uint64]:
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
    sound = len(body) > FINGERPRINT_BYTES and (len(body) - 1 - FINGERPRINT_BYTES) % 5 == 0
    if not sound or body[0] != _VERSION or zlib.crc32(body).to_bytes(4, "big") != checksum:
        raise BadCursor("the cursor is damaged or was not made by this API; send next_cursor unchanged", _POINTER)
    return body
