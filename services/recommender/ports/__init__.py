"""What the recommender needs from outside, as Protocols. Adapters sit in ``services/adapters``, a folder a port."""

from services.recommender.ports.access import ApiKey, KeyStore, Quota, QuotaPort
from services.recommender.ports.explain import Evidence, Explainer
from services.recommender.ports.search import (
    Leg,
    Mention,
    Named,
    Release,
    Releases,
    SearchPort,
    SearchRequest,
    SearchResult,
    TextEncoder,
    TextField,
    TextIndex,
)
from services.recommender.ports.secrets import SecretPort
from services.recommender.ports.state import (
    CacheEntry,
    CacheKey,
    FeedbackCommand,
    Idempotency,
    LoggedEvent,
    Receipt,
    StatePort,
    StateRead,
    UserExport,
)
from services.recommender.ports.time import Clock, Deadline

__all__ = [
    "ApiKey",
    "CacheEntry",
    "CacheKey",
    "Clock",
    "Deadline",
    "Evidence",
    "Explainer",
    "FeedbackCommand",
    "Idempotency",
    "KeyStore",
    "Leg",
    "LoggedEvent",
    "Mention",
    "Named",
    "Quota",
    "QuotaPort",
    "Receipt",
    "Release",
    "Releases",
    "SearchPort",
    "SearchRequest",
    "SearchResult",
    "SecretPort",
    "StatePort",
    "StateRead",
    "TextEncoder",
    "TextField",
    "TextIndex",
    "UserExport",
]
