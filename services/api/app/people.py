"""People in the log: the same one is told apart from others, and nobody can be named from it."""

import hmac
import secrets

from services.recommender.ports import SecretPort

_PURPOSE = b"marquee: people in the log"
_LENGTH = 12


class Pseudonyms:
    """Keyed hashes of user ids, 48 bits. Without a key a hash of an id would be no secret: ids can be tried out.

    The key is derived from ``secret``, the pepper of API keys, so that it is the same in every process of a deployment
    and in none of another; without one it is drawn at first use and ends with the process.
    Source: RFC 2104 (HMAC); RFC 5869, section 3.2, on keys for several purposes.
    """

    def __init__(self, secret: SecretPort | None) -> None:
        self._secret = secret
        self._key = b""

    def of(self, user_id: str) -> str:
        """The pseudonym of a person."""
        return hmac.digest(self._keyed(), user_id.encode("utf-8", "replace"), "sha256").hex()[:_LENGTH]

    def _keyed(self) -> bytes:
        # Who is logged has shown an API key, so the pepper was just read; it is not waited for here.
        if self._secret is not None and self._secret.is_at_hand:
            self._key = hmac.digest(self._secret()[0].encode(), _PURPOSE, "sha256")
        self._key = self._key or secrets.token_bytes(32)
        return self._key
