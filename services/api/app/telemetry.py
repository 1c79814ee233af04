"""Metrics and traces for an application that wants them; who does not pays for no import."""

from fastapi import FastAPI

from services.settings import Settings


def install_telemetry(app: FastAPI, metrics: str, stage: str) -> None:
    """Have each request recorded if ``metrics`` is "emf": as lines in CloudWatch's embedded metric format and as one
    structured log line, on the standard output. ``stage``: the deployment, a dimension of every metric.
    """
    if metrics == "emf":
        # Only who asks for metrics pays for the import.
        from services.api.app.emf import EmfTelemetry, print_line

        app.state.telemetry = EmfTelemetry(stage, print_line)


def install_tracing(app: FastAPI, settings: Settings, *, later: bool = True) -> None:
    """Have a sample of the requests traced, if there is a collector to tell. ``later``: a thread tells it; otherwise
    ``flush_traces`` does.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        return
    from services.adapters.otlp import Collector
    from services.api.app.tracing import Tracer

    resource = {"service.name": "marquee", "deployment.environment.name": settings.marquee_stage}
    collector = Collector(settings.otel_exporter_otlp_endpoint, settings.otlp_headers, resource, later=later)
    app.state.tracer = Tracer(settings.otel_traces_sampler_arg, collector)


def flush_traces(app: FastAPI) -> None:
    """Tell the collector now: a function is frozen once it has answered."""
    tracer = getattr(app.state, "tracer", None)
    if tracer is not None:
        tracer.flush()
