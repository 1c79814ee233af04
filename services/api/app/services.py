"""Services and settings of the HTTP API: the recommender, keys, quota and a few options."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from services.api.app.port import RecommenderPort
from services.recommender.ports import KeyStore, QuotaPort, SecretPort

if TYPE_CHECKING:
    from services.bootstrap import Services

# Enough for ten thousand ids of 200 bytes (``only_item_ids``); Lambda accepts 6 MB.
MAX_BODY_BYTES = 2 << 20
WEB_DIR = Path(__file__).resolve().parents[2] / "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppServices:
    """``inline``: all adapters are embedded, so responses are computed in the event loop; otherwise in ``workers``
    threads. ``key_pepper`` and ``origin_secret`` (None: header not checked) are read on demand. ``admits_unread_keys``:
    accept a genuine key whose record was never read while the store is down. ``host_names``: accepted values of the
    Host header; None: any. ``web_dir``: folder of the demo page. ``close`` releases files and sockets at shutdown.
    """

    recommender: RecommenderPort
    keys: KeyStore | None = None
    quota: QuotaPort | None = None
    auth_required: bool = False
    admits_unread_keys: bool = False
    key_pepper: SecretPort | None = None
    origin_secret: SecretPort | None = None
    cors_origins: tuple[str, ...] = ()
    host_names: frozenset[str] | None = None
    max_body_bytes: int = MAX_BODY_BYTES
    demo_users: tuple[str, ...] = ()
    web_dir: Path | None = None
    docs: bool = True
    inline: bool = True
    workers: int = 8
    close: Callable[[], None] | None = None

    @classmethod
    def of(cls, wired: "Services", *, inline: bool | None = None) -> Self:
        """Take the API's part of the wired services and own them. ``inline`` None: only if all is embedded."""
        settings = wired.settings
        return cls(
            recommender=wired.recommender,
            keys=wired.keys,
            quota=wired.quota,
            auth_required=settings.api_keys,
            admits_unread_keys=settings.unread_keys == "serve",
            key_pepper=wired.secrets.pepper,
            origin_secret=wired.secrets.origin,
            cors_origins=settings.cors_origins,
            demo_users=settings.demo_users,
            web_dir=WEB_DIR if settings.demo_page else None,
            inline=settings.is_embedded if inline is None else inline,
            close=wired.close,
        )

    def check(self) -> None:
        """Check for contradictory settings. Raises ValueError saying what to change."""
        if not self.auth_required:
            return
        if self.keys is None or self.key_pepper is None:
            raise ValueError(
                "API keys are on, but there is no key store or no pepper: set API_KEY_PEPPER and a state store, or "
                "API_KEYS=off"
            )
        if "*" in self.cors_origins:
            raise ValueError("CORS_ORIGINS is '*' while API keys are on: name the origins that may use a key")
