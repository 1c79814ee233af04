"""The one place where everything meets: settings become adapters, adapters become a recommender.

Embedded default: SQLite for people, keys and quotas; bundles and the text index on the local disk; MiniLM through
ONNX Runtime, loaded when the first free text comes in; sentences by template.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from services.adapters.bundle.local import LocalReleases
from services.adapters.bundle.reader import text_index_of
from services.adapters.embed.onnx import load_encoder
from services.adapters.explain.template import TemplateExplainer
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.state.connection import Database
from services.adapters.state.keys import SqliteKeys
from services.adapters.state.quota import SqliteQuota
from services.adapters.state.sqlite import SqliteState
from services.recommender.answer import Options
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import EncoderUnavailable
from services.recommender.ports import Clock, KeyStore, QuotaPort, StatePort, TextEncoder
from services.recommender.service import Recommender
from services.settings import Settings


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Wall clock, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Services:
    """All that the edge and the command line work with. ``encoder_missing``: why there is no encoder, if so."""

    settings: Settings
    clock: Clock
    releases: LocalReleases
    state: StatePort
    keys: KeyStore
    quota: QuotaPort
    encoder: TextEncoder | None
    encoder_missing: str | None
    recommender: Recommender

    def close(self) -> None:
        """Give the state store's files back."""
        self.state.close()


def build_services(settings: Settings) -> Services:
    """Wire the embedded default. Raises StateUnavailable; a bundle is opened at the first question only."""
    clock = SystemClock()
    database = Database(settings.state_path, clock)
    state = SqliteState(database)
    releases = LocalReleases(settings.marquee_home, open_search)
    encoder, encoder_missing = find_encoder(settings)
    options = Options(cache_ttl_s=settings.cache_ttl_secs)
    return Services(
        settings=settings,
        clock=clock,
        releases=releases,
        state=state,
        keys=SqliteKeys(database),
        quota=SqliteQuota(database),
        encoder=encoder,
        encoder_missing=encoder_missing,
        recommender=Recommender(releases, state, encoder, TemplateExplainer(), clock, options),
    )


def find_encoder(settings: Settings) -> tuple[TextEncoder | None, str | None]:
    """The encoder, not yet loaded, or why there is none: the other ways to find films go on without it."""
    try:
        # Two threads halve the time of a query; never all cores of a shared host, which is the runtime's default.
        return load_encoder(settings.embedder_dir, threads=min(2, os.cpu_count() or 1)), None
    except EncoderUnavailable as error:
        return None, str(error)


def open_search(bundle: Bundle, folder: Path) -> EmbeddedSearch:
    """The text and vector search that belongs to a bundle. Raises BundleDamaged."""
    return EmbeddedSearch(bundle, text_index_of(folder))
