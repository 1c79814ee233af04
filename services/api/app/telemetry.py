"""Metrics for an application that wants them."""

from fastapi import FastAPI


def install_telemetry(app: FastAPI, metrics: str, stage: str) -> None:
    """Have each request recorded if ``metrics`` is "emf": as lines in CloudWatch's embedded metric format and as one
    structured log line, on the standard output. ``stage``: the deployment, a dimension of every metric.
    """
    if metrics == "emf":
        # Only who asks for metrics pays for the import.
        from services.api.app.emf import EmfTelemetry, print_line

        app.state.telemetry = EmfTelemetry(stage, print_line)
