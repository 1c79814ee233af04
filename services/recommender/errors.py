"""Exception hierarchy, one class per cause.

::

    MarqueeError
    ├── InvalidRequest            the caller must change the request; carries a JSON pointer
    │   ├── UnknownGenre
    │   ├── AllSeedsUnknown
    │   ├── BadCursor
    │   ├── PresetUnavailable     the bundle was not built for this preset
    │   └── IdempotencyMismatch
    ├── UnknownFilm               a single film that is not in the catalogue
    ├── Unauthorized              no key, a forged key or a revoked one
    ├── Forbidden                 the key lacks the scope
    ├── OriginRefused             the request bypassed the distribution in front of the API
    ├── HostRefused               the request names a host that this server does not serve
    ├── QuotaExceeded             carries the seconds to wait
    ├── Overloaded                the server's queue is full; no dependency is at fault
    ├── Unavailable               a dependency is down or late; carries the seconds to wait
    │   ├── StateUnavailable
    │   │   └── StateBusy         the store is up but contended or throttling
    │   ├── SearchUnavailable
    │   ├── EncoderUnavailable
    │   ├── ExplainerUnavailable
    │   ├── RetrieverUnavailable
    │   └── SecretUnavailable
    └── BundleError               no bundle, or one that must not be served
        ├── BundleMissing
        ├── EncoderMismatch       its vectors come from another model than the query encoder
        └── BundleDamaged

Their HTTP statuses are in one table, ``services/api/app/errors.py``.
"""


class MarqueeError(Exception):
    """Base of all errors that Marquee raises deliberately. The message says what, where, and what to do."""


class InvalidRequest(MarqueeError):
    """The request is invalid; ``pointer`` is the RFC 6901 JSON pointer of the field."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class UnknownGenre(InvalidRequest):
    """A genre is neither in the vocabulary nor an alias."""


class AllSeedsUnknown(InvalidRequest):
    """Every seed film is unknown and there is neither a person nor a query to fall back on."""


class BadCursor(InvalidRequest):
    """The cursor is damaged, forged, or belongs to another request."""


class PresetUnavailable(InvalidRequest):
    """The bundle lacks the data this preset ranks by."""


class IdempotencyMismatch(InvalidRequest):
    """The idempotency key was already used with another body."""


class UnknownFilm(MarqueeError):
    """The requested film is not in the catalogue."""


class Unauthorized(MarqueeError):
    """The API key is missing, forged or revoked."""


class Forbidden(MarqueeError):
    """The API key is valid but lacks the scope this call requires."""


class OriginRefused(MarqueeError):
    """The request did not come through the distribution in front of the API."""


class HostRefused(MarqueeError):
    """The request names a host that this server does not serve, e.g. from a web page after DNS rebinding."""


class QuotaExceeded(MarqueeError):
    """The key has exhausted its rolling window; ``retry_after`` is in whole seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(MarqueeError):
    """The server's queue is full. This says nothing about any dependency: code that tolerates an unavailable dependency
    must not tolerate this. ``retry_after`` is in whole seconds.
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
    """The state store did not respond in time, is locked, or its disk is full."""


class StateBusy(StateUnavailable):
    """The state store works, but is locked or throttling. Callers can cause this, so it must not relax any check."""


class SearchUnavailable(Unavailable):
    """The search engine did not respond in time."""


class EncoderUnavailable(Unavailable):
    """No text encoder is installed, or it failed to load."""


class ExplainerUnavailable(Unavailable):
    """The model failed to write sentences, or they cannot be shown."""


class RetrieverUnavailable(Unavailable):
    """The endpoint of the two-tower model did not answer, or its answer contains no films."""


class SecretUnavailable(Unavailable):
    """A secret stored elsewhere cannot be read."""


class BundleError(MarqueeError):
    """A bundle cannot be served."""


class BundleMissing(BundleError):
    """There is no bundle at the expected place."""


class EncoderMismatch(BundleError):
    """The bundle's vectors and the queries are encoded by different models, so they cannot be compared."""


class BundleDamaged(BundleError):
    """A file of the bundle is missing, has the wrong size or checksum, or disagrees with the manifest. The message is
    the fault, with the file, followed by the advice.
    """

    def __init__(self, fault: str, advice: str = "rebuild or copy the bundle again") -> None:
        super().__init__(fault, advice)
        self.fault = fault
        self.advice = advice

    def __str__(self) -> str:
        """Return the message."""
        return f"{self.fault}; {self.advice}"
