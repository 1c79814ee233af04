"""API key authentication, with key records cached for a minute, and scope checks."""

from dataclasses import dataclass, field

from services.api.app.edge import Edge
from services.api.app.security.api_keys import key_id_of
from services.recommender.errors import Forbidden, StateBusy, Unauthorized, Unavailable
from services.recommender.ports import ApiKey, Clock, KeyStore, SecretPort

RECORD_TTL_S = 60.0
MAX_RECORDS = 10_000
# With ``admits_unread``, the request limit of a genuine key whose record cannot be read.
OUTAGE_LIMIT = 60


@dataclass(slots=True)
class Authenticator:
    """Checks keys. A key's record (scopes, limit, revoked) is cached for 60 s, and longer while the store is down.
    ``admits_unread``: accept a genuine key without a record when the store is down, though it may have been revoked.
    """

    store: KeyStore
    pepper: SecretPort
    clock: Clock
    edge: Edge
    admits_unread: bool = False
    _records: dict[str, tuple[float, ApiKey | None]] = field(default_factory=dict)

    async def authenticate(self, key: str | None) -> tuple[ApiKey, bool]:
        """Return the record of a key, and whether the store was down.

        Raises Unauthorized; the store's error for a key that was never read; Overloaded and StateBusy for any key, as
        callers can cause these.
        """
        pepper = (await self.edge.secret(self.pepper))[0]
        key_id = key_id_of(key, pepper.encode())
        record, degraded = await self._record(key_id)
        if record is None or record.revoked:
            raise Unauthorized("the API key in the header X-API-Key was revoked or never issued")
        return record, degraded

    async def _record(self, key_id: str) -> tuple[ApiKey | None, bool]:
        now = self.clock.monotonic()
        cached = self._records.get(key_id)
        if cached and now < cached[0]:
            return cached[1], False
        try:
            record = await self.edge.blocking(self.store.get, key_id)
        except Unavailable as error:
            if isinstance(error, StateBusy) or not (cached or self.admits_unread):
                raise
            return (cached[1] if cached else ApiKey(key_id, "", limit=OUTAGE_LIMIT)), True
        if len(self._records) >= MAX_RECORDS:
            self._records.clear()
        self._records[key_id] = (now + RECORD_TTL_S, record)
        return record, False


def require(key: ApiKey, scope: str) -> ApiKey:
    """Return the key if it has the scope. Raises Forbidden."""
    if scope not in key.scopes:
        raise Forbidden(f"this API key lacks the scope {scope!r}; it has: {', '.join(sorted(key.scopes)) or 'none'}")
    return key
