"""An in-memory stage to release to: function, alias, bucket, table, alarms, build job, and what serves customers."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.release.agent.lock import Lock
from infra.release.agent.model_endpoint import Endpoint
from infra.release.agent.serving import AliasedFunction, ReleasePointer
from infra.release.agent.verbs import Agent
from tests.infra.asl import Execution, StateError

FIRST, GOOD = "1", "bundle-a"
START = 1_800_000_000.0


class ClientError(Exception):
    """Like botocore's."""

    def __init__(self, response: Mapping[str, Any] | None = None) -> None:
        super().__init__("refused")
        self.response = dict(response or {})


class ConditionalCheckFailedException(ClientError): ...


class NoSuchKey(ClientError): ...


class SnapStartNotReadyException(ClientError): ...


class ResourceConflictException(ClientError): ...


class ResourceNotReadyException(ClientError): ...


class Exceptions:
    """The exceptions of all clients here."""

    ConditionalCheckFailedException = ConditionalCheckFailedException
    NoSuchKey = NoSuchKey
    SnapStartNotReadyException = SnapStartNotReadyException
    ResourceConflictException = ResourceConflictException
    ResourceNotReadyException = ResourceNotReadyException


class Table:
    """The item of the lock, with the conditions under which the agent writes it."""

    exceptions = Exceptions

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def put_item(self, *, Item: dict[str, Any], ExpressionAttributeValues: dict[str, Any], **_: object) -> None:
        held, values = self.items.get(Item["id"]["S"]), ExpressionAttributeValues
        if held and int(held["until"]["N"]) > int(values[":now"]["N"]) and held["owner"] != values[":me"]:
            raise ConditionalCheckFailedException({"Item": held})
        self.items[Item["id"]["S"]] = Item

    def delete_item(self, *, Key: dict[str, Any], ExpressionAttributeValues: dict[str, Any], **_: object) -> None:
        held = self.items.get(Key["id"]["S"])
        if not held or held["owner"] != ExpressionAttributeValues[":me"]:
            raise ConditionalCheckFailedException
        del self.items[Key["id"]["S"]]


class Bucket:
    """The pointer with its ETag, and the bundles in the bucket."""

    exceptions = Exceptions

    def __init__(self, bundle: str) -> None:
        self.body = json.dumps({"version": bundle, "previous": None}).encode() if bundle else b""
        self.bundles = {bundle, "bundle-b"} - {""}
        self.tag = 0

    def get_object(self, **_: object) -> dict[str, Any]:
        if not self.body:
            raise NoSuchKey
        return {"Body": io.BytesIO(self.body), "ETag": str(self.tag)}

    def list_objects_v2(self, *, Prefix: str, **_: object) -> dict[str, Any]:
        there = [{"Key": f"bundles/{each}/manifest.json"} for each in self.bundles]
        return {"Contents": [each for each in there if each["Key"].startswith(Prefix)]} if there else {}

    def put_object(self, *, Body: bytes, IfMatch: str = "", IfNoneMatch: str = "", **_: object) -> None:
        assert IfMatch == str(self.tag) if self.body else IfNoneMatch == "*"
        self.body, self.tag = Body, self.tag + 1

    @property
    def bundle(self) -> str:
        return str(json.loads(self.body)["version"]) if self.body else ""


@dataclass
class Lambda:
    """Versions of a function and its alias. ``bad``: images that start but return too few films."""

    exceptions = Exceptions
    image: str = "image-a"
    versions: dict[str, tuple[str, str]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    probed: set[str] = field(default_factory=set)
    pending: int = 2
    live: str = FIRST

    def get_alias(self, **_: object) -> dict[str, Any]:
        return {"FunctionVersion": self.live}

    def get_function(self, *, Qualifier: str = "", **_: object) -> dict[str, Any]:
        image, what = self.versions[Qualifier] if Qualifier else (self.image, "")
        return {"Code": {"ImageUri": image}, "Configuration": {"Description": what}}

    def get_function_configuration(self, *, Qualifier: str, **_: object) -> dict[str, Any]:
        if self.pending:
            self.pending -= 1
            return {"State": "Pending"}
        return {"State": "Active", "LastUpdateStatus": "Successful"}

    def update_function_code(self, *, ImageUri: str, **_: object) -> None:
        self.image = ImageUri

    def publish_version(self, *, Description: str, **_: object) -> dict[str, Any]:
        newest = max(self.versions, key=int)
        if self.versions[newest][0] != self.image:
            newest = str(int(newest) + 1)
            self.versions[newest] = (self.image, Description)
        return {"Version": newest}

    def update_alias(self, *, FunctionVersion: str, RoutingConfig: dict[str, Any], **_: object) -> None:
        self.live, self.weights = FunctionVersion, RoutingConfig["AdditionalVersionWeights"]

    def invoke(self, *, Qualifier: str, Payload: bytes, **_: object) -> dict[str, Any]:
        image, what = self.versions[Qualifier]
        event = json.loads(Payload)
        document: dict[str, Any] = {"status": "ok", "bundle_version": what.rpartition(" ")[2]}
        if event["rawPath"] == "/recommend":
            films = 20 if image not in self.bad else 3
            document = {"items": [{"item_id": str(n)} for n in range(films)], "degraded": []}
            if image not in self.bad:
                self.probed.add(Qualifier)
        payload = json.dumps({"statusCode": 200, "body": json.dumps(document)}).encode()
        return {"Payload": io.BytesIO(payload)}

    @property
    def serving(self) -> set[str]:
        """Versions that serve customers."""
        return {self.live, *self.weights}


class Stage:
    """All of it, with an agent. ``fault``: errors by the state that fails; ``after``: errors after a state's effect."""

    def __init__(
        self, definition: Mapping[str, Any], *, on_lambda: bool = True, released: bool = True,
        towers: Endpoint | None = None,
    ) -> None:  # fmt: skip
        self.towers = towers
        self.definition = definition
        self.on_lambda = on_lambda
        self.now = START
        self.table, self.bucket = Table(), Bucket(GOOD if released else "")
        first = (FIRST, f"release: bundle {GOOD}" if released else "nothing released yet: bundle none")
        self.aws = Lambda(versions={FIRST: ("image-a", first[1])})
        self.up: list[str] = []
        self.built = {"image": "image-b", "bundle": "bundle-b"}
        self.fault: dict[str, StateError] = {}
        self.after: dict[str, StateError] = {}
        self.alarm_at: float | None = None
        self.steps: list[str] = []
        self.before: str | None = None
        self.tried: set[str] = {GOOD, ""}
        table: Any = self.table
        bucket: Any = self.bucket
        self.agent = Agent(
            lock=Lock(table, "releases", self._clock),
            pointer=ReleasePointer(bucket, "films"),
            function=AliasedFunction(self.aws, "api", "live") if on_lambda else None,
            alarms=lambda _names: ["marquee-dev-ErrorRate"] if self._alarmed() else self.up,
            towers=self.towers,
            headers=dict,
            watched=("marquee-dev-ErrorRate",),
            person="ann",
            clock=self._clock,
        )

    def start(self, **request: object) -> Execution:
        """Run the machine to its end."""
        execution = Execution(self.definition, self._run, tick=self._tick)
        return execution.start(request)

    def _run(self, state: str, resource: str, parameters: Any) -> Any:
        if state in self.fault:
            raise self.fault[state]
        result = self._do(resource, parameters)
        # At no time may a version serve that was not probed.
        assert self.aws.serving <= {FIRST, *self.aws.probed}, (
            f"{state}: {self.aws.serving} serve, {self.aws.probed} probed"
        )
        if not self.on_lambda:
            assert self.bucket.bundle in self.tried, (
                f"{state}: servers follow {self.bucket.bundle}, which was not probed"
            )
        if state in self.after:
            raise self.after.pop(state)
        return result

    def _do(self, resource: str, parameters: Any) -> Any:
        if resource == "arn:aws:states:::codebuild:startBuild.sync":
            variables = {each["Name"]: each["Value"] for each in parameters["EnvironmentVariablesOverride"]}
            self.steps.append(variables["RELEASE_STEP"])
            self.before = variables.get("VERSION_BEFORE")
            if variables["RELEASE_STEP"] == "probe":
                self.tried.add(variables["RELEASE_BUNDLE"])
            return {"Build": {"BuildStatus": "SUCCEEDED"}}
        if resource == "arn:aws:states:::dynamodb:getItem":
            return {"Item": {name: {"S": value} for name, value in self.built.items()}}
        assert resource == "${Agent}"
        try:
            # As it is sent: JSON only.
            return json.loads(json.dumps(self.agent.do(parameters)))
        except AssertionError:
            raise
        except Exception as error:
            raise StateError(type(error).__name__, str(error)) from error

    def _tick(self, seconds: float) -> None:
        self.now += seconds

    def _clock(self) -> float:
        return self.now

    def _alarmed(self) -> bool:
        return self.alarm_at is not None and self.now - START >= self.alarm_at
