"""A deployed stage as described by its stack: its lock, its state machine, and its deployed settings."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from infra.release.agent.lock import ID, Lock
from infra.settings import DeploymentSettings

# The settings whose removal a deployment asks to confirm.
GUARDED = ("alarm_mail", "domain_name", "release_schedule", "search")
EMBEDDED = "embedded"
LOOK_S = 10.0
SUCCEEDED = "SUCCEEDED"


class NotDeployed(Exception):
    """The stage has no such thing; the message says what to do."""


class UnconfirmedLoss(Exception):
    """A deployment would remove something without confirmation."""


class Stage:
    """``client``: makes an AWS client by service name."""

    def __init__(
        self, name: str, client: Callable[[str], Any], pause: Callable[[float], None] = time.sleep
    ) -> None:  # fmt: skip
        self.name = name
        self._client = client
        self._pause = pause

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """Return the outputs of the stack."""
        stacks = self._client("cloudformation").describe_stacks(StackName=f"Marquee-{self.name}")["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", ())}

    @property
    def lock(self) -> Lock:
        """Return the lock of the stage."""
        return Lock(self._client("dynamodb"), self._output("ReleaseTable"))

    def end_lock(self, owner: str) -> str:
        """Release the lock of this owner, or of any owner for "". Returns the owner; "" if none was released."""
        lock = self._client("dynamodb").get_item(
            TableName=self._output("ReleaseTable"), Key={"id": {"S": ID}}, ConsistentRead=True
        )
        holder = str(lock.get("Item", {}).get("owner", {}).get("S", ""))
        if holder and owner in {"", holder}:
            self.lock.leave(holder)
            return holder
        return ""

    def lost(self, settings: DeploymentSettings) -> dict[str, str]:
        """Return the guarded settings that the stage was deployed with and no longer has."""
        before: dict[str, str | None] = json.loads(self.outputs.get("Deployed", "{}"))
        after = guarded(settings)
        return {name: str(before[name]) for name in GUARDED if before.get(name) and not after[name]}

    def start(self, request: Mapping[str, object]) -> str:
        """Start the state machine and return the execution's ARN."""
        machine = self._output("ReleaseMachine")
        done = self._client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(request))
        return str(done["executionArn"])

    def follow(self, execution: str, write: Callable[[str], object]) -> int:
        """Write each state as it is entered, to the end: 0, or 1 with the error."""
        client, last = self._client("stepfunctions"), 0
        while True:
            state = client.describe_execution(executionArn=execution)
            pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
            for event in (each for page in pages for each in page["events"]):
                if event["id"] > last and "stateEnteredEventDetails" in event:
                    write(f"{event['timestamp']:%H:%M:%S} {event['stateEnteredEventDetails']['name']}\n")
                last = max(last, event["id"])
            if state["status"] != "RUNNING":
                break
            self._pause(LOOK_S)
        if state["status"] == SUCCEEDED:
            return 0
        write(f"{state['status']}: {state.get('error', '')}: {state.get('cause', '')}\n")
        return 1

    def _output(self, name: str) -> str:
        value = self.outputs.get(name)
        if not value:
            raise NotDeployed(f"Stage {self.name} has no {name} yet: make deploy STAGE={self.name}")
        return value


def guarded(settings: DeploymentSettings) -> dict[str, str | None]:
    """Return a deployment's guarded settings; None for those not set."""
    values = {name: getattr(settings, name) for name in GUARDED}
    return values | {"search": None if settings.search == EMBEDDED else settings.search}
