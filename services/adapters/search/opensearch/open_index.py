"""Opening a bundle's OpenSearch index, with the embedded index as fallback."""

import logging

from services.adapters.breaker import Breaker
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.guarded import GuardedSearch
from services.adapters.search.opensearch.index import IndexMismatch
from services.adapters.search.opensearch.search import OpenSearchSearch
from services.adapters.search.opensearch.search_client import SearchClient
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import RemoteFailure
from services.recommender.domain.bundle import Bundle
from services.recommender.ports import Clock, Deadline

_log = logging.getLogger(__name__)


def open_guarded(
    target: OpenSearchTarget, bundle: Bundle, local: EmbeddedSearch, clock: Clock, *, look: bool = True
) -> GuardedSearch:
    """Return search by this bundle's index, with ``local`` as fallback. ``look`` False: the index is checked at the
    first search, and a mismatch is reported as degraded.

    Raises IndexMismatch, naming both values, if the index holds other vectors than the bundle, or if the bundle's have
    an unexpected length. A missing or unreachable index does not prevent serving: the embedded one is used until it is
    there.
    """
    check_dims(target, bundle)
    remote = OpenSearchSearch(bundle, local, SearchClient(target), target.index_name(bundle.version))
    if not look:
        return GuardedSearch(remote, local, Breaker(clock))
    try:
        remote.check(Deadline.within(clock, target.timeout_s))
    except RemoteFailure as failure:
        _log.warning("%s: using the embedded index until it can be searched: %s", remote.index_version, failure)
    except IndexMismatch:
        remote.close()
        raise
    return GuardedSearch(remote, local, Breaker(clock))


def check_dims(target: OpenSearchTarget, bundle: Bundle) -> None:
    """Raise IndexMismatch if the bundle's vectors do not have the length ``VECTOR_DIM``."""
    if target.dims is not None and bundle.embeddings is not None and bundle.embeddings.dims != target.dims:
        raise IndexMismatch(
            f"VECTOR_DIM = {target.dims}, but the vectors of bundle {bundle.version} have {bundle.embeddings.dims} "
            "dimensions; correct the setting or rebuild the bundle with the other encoder"
        )
