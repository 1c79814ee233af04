"""Installation of metrics and traces; their modules are imported only if enabled."""

from fastapi import FastAPI

from services.settings import Settings


def install_telemetry(app: FastAPI, metrics: str, stage: str) -> None:
    """Record each request if ``metrics`` is "emf": as CloudWatch embedded metrics and as a structured log line on
    standard output. ``stage``: the deployment, a dimension of every metric.
    """
    if metrics == "emf":
        # Imported only if metrics are enabled.
        from services.api.app.observability.emf import EmfTelemetry, print_line

        app.state.telemetry = EmfTelemetry(stage, print_line)


def install_tracing(app: FastAPI, settings: Settings, *, later: bool = True) -> None:
    """Trace a sample of the requests if a collector is configured. ``later``: export from a thread; otherwise by
    ``flush_traces``.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        return
    from services.adapters.otlp import Collector
    from services.api.app.observability.tracing import Tracer

    resource = {"service.name": "marquee", "deployment.environment.name": settings.marquee_stage}
    collector = Collector(settings.otel_exporter_otlp_endpoint, settings.otlp_headers, resource, later=later)
    app.state.tracer = Tracer(settings.otel_traces_sampler_arg, collector)


def flush_traces(app: FastAPI) -> None:
    """Export pending spans now: a function is frozen once it has responded."""
    tracer = getattr(app.state, "tracer", None)
    if tracer is not None:
        tracer.flush()
