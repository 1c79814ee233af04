"""State machines whose definition is a document of this repository, so that tests can run it."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.findings import acknowledge
from infra.constructs.log_groups import log_group
from infra.settings import DeploymentSettings


def state_machine(
    scope: Construct,
    settings: DeploymentSettings,
    purpose: str,
    definition: Mapping[str, Any],
    substitutions: Mapping[str, str],
    role: iam.Role,
) -> sfn.StateMachine:
    """Return the machine of a construct, named after its ``purpose``; its log holds no data. ``definition``: Amazon
    States Language, with a ``${Name}`` for each of the ``substitutions``.
    """
    machine = sfn.StateMachine(
        scope,
        "Machine",
        state_machine_name=f"{settings.name}-{purpose}",
        # Not the CDK's JSON, which drops nulls: a state without a ResultPath would lose its input.
        definition_body=sfn.DefinitionBody.from_string(json.dumps(definition)),
        definition_substitutions=substitutions,
        role=role,
        logs=sfn.LogOptions(
            destination=log_group(scope, "Logs", settings), level=sfn.LogLevel.ALL, include_execution_data=False
        ),
    )
    acknowledge(
        machine,
        dict.fromkeys(
            ("AwsSolutions-SF2", "Serverless-StepFunctionStateMachineXray"),
            "An execution's history has each state with its time; a trace has no more.",
        ),
    )
    return machine
