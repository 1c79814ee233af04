"""ASGI application of a server process, configured from the environment so that every worker can build its own."""

import logging
from dataclasses import replace

from fastapi import FastAPI

from services.api.app.main import create_app
from services.api.app.observability.telemetry import install_telemetry, install_tracing
from services.api.app.services import AppServices
from services.bootstrap import build_services
from services.cli.limits import LimitedProtocol, limits_for
from services.settings import load_settings

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def application() -> FastAPI:
    """Wire all services and open the bundle. Raises SettingsError, StateUnavailable, BundleError."""
    settings = load_settings()
    LimitedProtocol.limits = limits_for(
        settings.marquee_max_connections,
        head_s=settings.headers_timeout_secs,
        body_s=settings.body_timeout_secs,
    )
    _log_to_stderr(settings.marquee_access_log, structured=settings.metrics == "emf")
    services = build_services(settings)
    services.releases.current()
    app = create_app(replace(AppServices.of(services), host_names=settings.host_names))
    install_telemetry(app, settings.metrics, settings.marquee_stage)
    install_tracing(app, settings)
    return app


def _log_to_stderr(access: bool, *, structured: bool) -> None:
    """Log warnings, as JSON objects if ``structured`` so that CloudWatch can search them, and with ``access`` one JSON
    line per request.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_json() if structured else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if access:
        lines = logging.getLogger("marquee.access")
        lines.addHandler(logging.StreamHandler())
        lines.setLevel(logging.INFO)
        lines.propagate = False


def _json() -> logging.Formatter:
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    return LambdaPowertoolsFormatter()
