"""Application factory: builds the FastAPI application from the services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services import __version__
from services.adapters.history.archive import MAX_BYTES
from services.api.app.docs import install_docs
from services.api.app.edge import Edge
from services.api.app.errors import install_handlers
from services.api.app.middleware import BodyLimit, Compress, Observer, RequestLine
from services.api.app.observability.pseudonyms import Pseudonyms
from services.api.app.openapi import DESCRIPTION, install_openapi
from services.api.app.pages import install_pages
from services.api.app.routes import ROUTERS
from services.api.app.security.auth import Authenticator
from services.api.app.security.cors import ProblemCors
from services.api.app.security.gate import IMPORT_PATH, PUBLIC, Gate
from services.api.app.security.hosts import HostCheck
from services.api.app.security.origin import OriginCheck
from services.api.app.security.quota import QuotaGuard
from services.api.app.services import AppServices

EXPOSED = [
    "X-Request-Id",
    "Server-Timing",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Idempotency-Replayed",
    "ETag",
]


def create_app(services: AppServices) -> FastAPI:
    """Return the HTTP API over these services. Raises ValueError for contradictory settings."""
    services.check()
    edge = Edge(services)
    app = FastAPI(
        title="Marquee",
        version=__version__,
        summary="What should this person watch next, and why?",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        # Its spans would hold paths, and so ids of people. Marquee has its own, see ``observability/tracing.py``.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        # Not by ``include_router``: each included router is matched twice, by all of its routes, which takes a third of
        # a short request's time.
        routes=[route for router in ROUTERS for route in router.routes],
    )
    app.state.edge = edge
    app.state.pseudonyms = Pseudonyms(services.key_pepper)
    pages = install_pages(app, services.web_dir)
    if services.docs:
        pages |= install_docs(app)
    install_openapi(app, auth_required=services.auth_required, served=services.docs)
    install_handlers(app)
    _install_layers(app, edge, PUBLIC | pages)
    return app


def _install_layers(app: FastAPI, edge: Edge, public: frozenset[str]) -> None:
    """Add the middleware from the inside out: the last one added sees the request first."""
    services = edge.services
    if services.auth_required and services.keys is not None and services.key_pepper is not None:
        clock = services.recommender.clock
        authenticator = Authenticator(services.keys, services.key_pepper, clock, edge, services.admits_unread_keys)
        guard = QuotaGuard(services.quota, clock, edge)
        app.add_middleware(Gate, authenticator=authenticator, quota=guard, public=public)
    app.add_middleware(BodyLimit, max_bytes=services.max_body_bytes, larger=(IMPORT_PATH, MAX_BYTES))
    if services.origin_secret is not None:
        app.add_middleware(OriginCheck, secret=services.origin_secret, edge=edge)
    if services.host_names is not None:
        app.add_middleware(HostCheck, names=services.host_names)
    app.add_middleware(Compress)
    app.add_middleware(Observer)
    if services.cors_origins:
        app.add_middleware(
            ProblemCors,
            allow_origins=list(services.cors_origins),
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["Content-Type", "X-API-Key", "X-Request-Id", "Idempotency-Key", "If-None-Match"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(RequestLine)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    edge: Edge = app.state.edge
    edge.close()
