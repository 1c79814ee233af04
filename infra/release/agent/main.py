"""The Lambda function: the agent with its AWS clients."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import boto3

from infra.release.agent.lock import Lock
from infra.release.agent.model_endpoint import Endpoint
from infra.release.agent.serving import AliasedFunction, ReleasePointer
from infra.release.agent.verbs import Agent


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Run one verb; errors carry the names of the agent's exceptions."""
    return agent().do(event)


@cache
def agent() -> Agent:
    """Return the agent of this function's environment (infra/constructs/releases.py)."""
    environment = os.environ
    name = environment.get("FUNCTION")
    return Agent(
        lock=Lock(boto3.client("dynamodb"), environment["RELEASES_TABLE"]),
        pointer=ReleasePointer(boto3.client("s3"), environment["BUNDLE_BUCKET"]),
        function=AliasedFunction(_any_client("lambda"), name, environment["ALIAS"]) if name else None,
        alarms=_raised,
        headers=_headers,
        towers=_towers(environment.get("TWO_TOWER_ENDPOINT")),
        watched=tuple(environment["ALARMS"].split(",")),
        person=environment["PROBE_PERSON"],
    )


def _towers(name: str | None) -> Endpoint | None:
    if not name:
        return None
    return Endpoint(
        _any_client("sagemaker"), _any_client("sagemaker-runtime"), name, json.loads(os.environ["TWO_TOWER"])
    )


def _raised(names: Sequence[str]) -> list[str]:
    return alarms_up(_any_client("cloudwatch"), names)


def alarms_up(client: Any, names: Sequence[str]) -> list[str]:  # noqa: ANN401 - no types for it are installed
    """Return the alarms that are up or do not exist: a missing alarm would never stop a release."""
    alarms = client.describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    states = {str(alarm["AlarmName"]): alarm["StateValue"] for alarm in alarms}
    return [name for name in names if states.get(name, "ALARM") == "ALARM"]


def _headers() -> dict[str, str]:
    """Return the canary's key and the origin header, which appear in no log and no execution history."""
    secrets = boto3.client("secretsmanager")
    variables = {"x-api-key": "CANARY_KEY_ARN", "x-origin-verify": "ORIGIN_SECRET_ARN"}
    return {
        header: secrets.get_secret_value(SecretId=os.environ[name])["SecretString"]
        for header, name in variables.items()
        if os.environ.get(name)
    }


def _any_client(service: str) -> Any:  # noqa: ANN401 - no types for it are installed
    session: Any = boto3.session.Session()
    return session.client(service)
