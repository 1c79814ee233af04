"""Pseudonyms of people in the log: they distinguish people without identifying them."""

import hmac
import secrets

from services.recommender.ports import SecretPort

_PURPOSE = b"marquee: people in the log"
_LENGTH = 12


class Pseudonyms:
    """Keyed hashes of user ids, 48 bits. An unkeyed hash would be no protection, as ids can be guessed.

    The key is derived from ``secret``, the pepper of API keys, so it is the same in every process of a deployment and
    differs between deployments; without a secret it is generated at first use and lasts as long as the process.
    Source: RFC 2104 (HMAC); RFC 5869, section 3.2, on keys for several purposes.
    """

    def __init__(self, secret: SecretPort | None) -> None:
        self._secret = secret
        self._key = b""

    def of(self, user_id: str) -> str:
        """Return the pseudonym of a person."""
        return hmac.digest(self._keyed(), user_id.encode("utf-8", "replace"), "sha256").hex()[:_LENGTH]

    def _keyed(self) -> bytes:
        # Not read for this: with keys on, authentication has just cached the pepper; without, a generated key suffices.
        if self._secret is not None and self._secret.is_cached:
            self._key = hmac.digest(self._secret()[0].encode(), _PURPOSE, "sha256")
        self._key = self._key or secrets.token_bytes(32)
        return self._key
