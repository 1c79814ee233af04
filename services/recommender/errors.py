"""Everything that can go wrong, one class a cause.

::

    MarqueeError
    ├── InvalidRequest            the caller must change the request; carries a JSON pointer
    │   ├── UnknownGenre
    │   ├── AllSeedsUnknown
    │   ├── BadCursor
    │   ├── PresetUnavailable     a way to rank that the bundle was not built for
    │   └── IdempotencyMismatch
    ├── UnknownFilm               a single film that is not in the catalogue
    ├── Unauthorized              no key, a forged key or a revoked one
    ├── Forbidden                 the key lacks the scope
    ├── OriginRefused             the request went round the distribution in front of the API
    ├── HostRefused               the request names a host that this server does not go by
    ├── QuotaExceeded             carries the seconds to wait
    ├── Overloaded                this server has more to do than it may queue; no dependency is at fault
    ├── Unavailable               a dependency did not answer; carries its name
    │   ├── StateUnavailable
    │   │   └── StateBusy         it is there, but too many want the same of it at once
    │   ├── SearchUnavailable
    │   ├── EncoderUnavailable
    │   ├── ExplainerUnavailable
    │   ├── RetrieverUnavailable
    │   └── SecretUnavailable
    └── BundleError               no bundle, or one that must not be served
        ├── BundleMissing
        ├── EncoderMismatch       its vectors are of another model than the encoder of queries
        └── BundleDamaged

The HTTP status of each is decided in one table, ``services/api/app/errors.py``.
"""


class MarqueeError(Exception):
    """Base of all errors Marquee raises on purpose. The message says what, where, and what to do."""


class InvalidRequest(MarqueeError):
    """The request itself is wrong; ``pointer`` is the RFC 6901 JSON pointer of the field at fault."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class UnknownGenre(InvalidRequest):
    """A genre that is neither in the vocabulary nor an alias of one that is."""


class AllSeedsUnknown(InvalidRequest):
    """Every seed film is unknown and there is neither a person nor a query to fall back on."""


class BadCursor(InvalidRequest):
    """The cursor is damaged, forged, or belongs to another request."""


class PresetUnavailable(InvalidRequest):
    """The bundle that is served lacks what this preset ranks by."""


class IdempotencyMismatch(InvalidRequest):
    """The idempotency key was used before with another body."""


class UnknownFilm(MarqueeError):
    """The film asked for is not in the catalogue."""


class Unauthorized(MarqueeError):
    """The API key is missing, forged or revoked."""


class Forbidden(MarqueeError):
    """The API key is good, but does not carry the scope this call needs."""


class OriginRefused(MarqueeError):
    """The request did not come through the distribution in front of the API."""


class HostRefused(MarqueeError):
    """The request was meant for a host that this server does not go by, as a web page's after DNS rebinding."""


class QuotaExceeded(MarqueeError):
    """The key has used up its rolling window; ``retry_after`` is in whole seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(MarqueeError):
    """This server has more to do than it may queue. It says nothing of any dependency: whoever goes on without one that
    is down must not go on here. ``retry_after`` is in whole seconds.
    """

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(MarqueeError):
    """A dependency is down, late or locked. Nothing was stored; the same request may be sent again."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StateUnavailable(Unavailable):
    """The state store did not answer in time, is locked, or its disk is full."""


class StateBusy(StateUnavailable):
    """The state store works, but is locked or throttles: callers can bring this about, so it opens them no door."""


class SearchUnavailable(Unavailable):
    """The search engine did not answer in time."""


class EncoderUnavailable(Unavailable):
    """No text encoder is installed or it failed to load."""


class ExplainerUnavailable(Unavailable):
    """The model that writes sentences did not, or what it wrote can't be shown."""


class RetrieverUnavailable(Unavailable):
    """The endpoint of the two-tower model did not answer, or not with films."""


class SecretUnavailable(Unavailable):
    """A secret that is kept elsewhere can't be read."""


class BundleError(MarqueeError):
    """A bundle can't be served."""


class BundleMissing(BundleError):
    """There is no bundle where one was looked for."""


class EncoderMismatch(BundleError):
    """The bundle's vectors were made with another model than queries are encoded with: they can't be compared."""


class BundleDamaged(BundleError):
    """A file of the bundle is missing, has another size or checksum, or disagrees with the manifest."""
