"""The two-tower endpoint: off by default, called by one role, rolled back by its alarms; and how it is released."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.constructs import two_tower_endpoint
from infra.release.agent.model_endpoint import Endpoint
from infra.release.agent.serving import NotReady, Unusable
from infra.release.release_states import definition
from infra.settings import Undeployable, load_settings
from tests.infra.asl import StateError
from tests.infra.stage import FIRST, GOOD, Exceptions, Stage
from tests.infra.templates import Deployment, Template, as_list, text_of

SERVERLESS, ON_INSTANCES = "marquee-dev-two-tower", "marquee-prod-two-tower"
CLOUD_FORMATION_S = "Config-AbC"


def variables(template: Template) -> dict[str, Any]:
    return dict(template.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"])


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    return {each["AlarmName"].rpartition("-")[2]: each for each in template.properties("AWS::CloudWatch::Alarm")}


@pytest.mark.parametrize("name", ["dev", "prod", "fargate", "embedded"])
def test_without_the_setting_there_is_nothing_of_it(request: pytest.FixtureRequest, name: str) -> None:
    template: Template = request.getfixturevalue(name).app
    assert "two-tower" not in text_of(template.document).lower()
    assert not [each for each in alarms(template) if "TwoTower" in each]


def test_a_serverless_endpoint_has_no_instances(explained: Deployment) -> None:
    config = explained.app.one("AWS::SageMaker::EndpointConfig")
    [variant] = config["ProductionVariants"]
    assert "OperationsKey" in text_of(config["KmsKeyId"])
    assert variant["ServerlessConfig"] == {"MaxConcurrency": 5, "MemorySizeInMB": 3_072}
    assert not {"InstanceType", "InitialInstanceCount"} & set(variant)
    endpoint = explained.app.one("AWS::SageMaker::Endpoint")
    assert endpoint["EndpointName"] == SERVERLESS
    assert "DeploymentConfig" not in endpoint


def test_instances_shift_a_tenth_first_and_roll_back_on_existing_alarms(domain: Deployment) -> None:
    config, endpoint = (domain.app.one(f"AWS::SageMaker::{kind}") for kind in ("EndpointConfig", "Endpoint"))
    [variant] = config["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.large", 1)
    assert "OperationsKey" in text_of(config["KmsKeyId"])
    guardrails = endpoint["DeploymentConfig"]
    alarm_names = {each["AlarmName"] for each in guardrails["AutoRollbackConfiguration"]["Alarms"]}
    assert alarm_names <= {each["AlarmName"] for each in domain.app.properties("AWS::CloudWatch::Alarm")}
    assert len(alarm_names) == 2
    routing = guardrails["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]["Value"]) == ("CANARY", 10)


def test_the_container_is_that_of_aws_for_the_region_and_runs_our_code(explained: Deployment) -> None:
    container = explained.app.one("AWS::SageMaker::Model")["PrimaryContainer"]
    assert "763104351884.dkr.ecr.eu-west-1." in text_of(container["Image"])
    assert container["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert text_of(container["ModelDataUrl"]).count(".gz")


def test_the_service_may_only_invoke_this_endpoint(explained: Deployment) -> None:
    statements = [each for each in explained.app.statements("ApiRole") if "sagemaker" in text_of(each["Action"])]
    assert [each["Action"] for each in statements] == ["sagemaker:InvokeEndpoint"]
    assert text_of(statements[0]["Resource"]).endswith(f"endpoint/{SERVERLESS}") or SERVERLESS in text_of(
        statements[0]["Resource"]
    )
    assert "*" not in text_of(statements[0]["Resource"])
    assert variables(explained.app)["TWO_TOWER_ENDPOINT"] == SERVERLESS


def test_the_container_s_role_reads_archives_and_nothing_else_of_the_bucket(explained: Deployment) -> None:
    for each in explained.app.statements("TwoTowerRole"):
        for action in as_list(each["Action"]):
            assert action.partition(":")[0] in {"s3", "ecr", "logs", "kms"}
            if action == "s3:GetObject":
                resource = text_of(each["Resource"])
                assert "/two-tower/*" in resource or "cdk-hnb659fds-assets" in resource
            assert action.partition(":")[2] not in {"PutObject", "DeleteObject"}


def test_the_log_of_the_endpoint_is_kept_as_long_as_the_others_and_never_created_by_the_container(
    explained: Deployment,
) -> None:
    groups = explained.app.properties("AWS::Logs::LogGroup")
    [group] = [each for each in groups if f"/aws/sagemaker/Endpoints/{SERVERLESS}" in text_of(each)]
    assert group["RetentionInDays"] == 30
    actions = [action for each in explained.app.statements("TwoTowerRole") for action in as_list(each["Action"])]
    assert "logs:PutLogEvents" in actions
    assert "logs:CreateLogGroup" not in actions


def test_slow_failing_throttling_and_degraded_endpoints_raise_alarms(explained: Deployment) -> None:
    by_name = alarms(explained.app)
    names = {"TwoTowerLatency": "ModelLatency", "TwoTowerErrors": "Invocation5XXErrors",
             "TwoTowerThrottles": "Invocation4XXErrors"}  # fmt: skip
    for name, metric in names.items():
        assert (by_name[name]["Namespace"], by_name[name]["MetricName"]) == ("AWS/SageMaker", metric)
        dimensions = {each["Name"]: each["Value"] for each in by_name[name]["Dimensions"]}
        assert dimensions == {"EndpointName": SERVERLESS, "VariantName": two_tower_endpoint.VARIANT}
    # In microseconds.
    assert (by_name["TwoTowerLatency"]["Threshold"], by_name["TwoTowerLatency"]["ExtendedStatistic"]) == (
        100_000,
        "p95",
    )
    assert "FallbackTwoTower" in by_name


def test_the_dashboard_shows_how_long_the_model_takes(explained: Deployment, dev: Deployment) -> None:
    shown, hidden = (text_of(made.app.one("AWS::CloudWatch::Dashboard")["DashboardBody"]) for made in (explained, dev))
    assert "Retrieve.LatencyMs (" in shown
    assert "Retrieve.LatencyMs (" not in hidden


def test_the_release_job_trains_and_the_agent_may_pass_one_role(explained: Deployment) -> None:
    project = explained.app.one("AWS::CodeBuild::Project")
    environment = {each["Name"]: each["Value"] for each in project["Environment"]["EnvironmentVariables"]}
    assert environment["TWO_TOWER"] == "on"
    statements = explained.app.statements("ReleasesAgentRole")
    [passing] = [each for each in statements if each["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert "TwoTowerRole" in text_of(passing["Resource"])


@pytest.mark.parametrize(
    "wrong", [{"two_tower": "on"}, {"two_tower_instance": "m5.large"}, {"two_tower_instances": "0"}]
)
def test_invalid_settings_are_named(wrong: dict[str, str]) -> None:
    with pytest.raises(Undeployable, match=next(iter(wrong))):
        load_settings({"stage": "dev", **wrong}, {})


class ClientError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.response = {"Error": {"Message": message}}


@dataclass
class SageMaker:
    """Models, configurations and one endpoint. ``updating``: calls until it is in service; ``refuses``: rolls it back.
    ``films``: the model's response.
    """

    config: str = CLOUD_FORMATION_S
    updating: int = 2
    refuses: bool = False
    films: tuple[str, ...] = ("f1",)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    _left: int = 0
    _before: str = ""
    exceptions = type("Errors", (Exceptions,), {"ClientError": ClientError})

    def describe_endpoint(self, **_: object) -> dict[str, Any]:
        if self._left:
            self._left -= 1
            return {"EndpointConfigName": self.config, "EndpointStatus": "Updating"}
        if self.refuses and self._before:
            self.config, self._before = self._before, ""
        return {"EndpointConfigName": self.config, "EndpointStatus": "InService"}

    def create_model(self, *, ModelName: str, **made: Any) -> None:
        if ModelName in self.models:
            raise ClientError(f"Cannot create already existing model {ModelName}")
        self.models[ModelName] = made

    def create_endpoint_config(self, *, EndpointConfigName: str, **made: Any) -> None:
        if EndpointConfigName in self.configs:
            raise ClientError(f"Cannot create already existing endpoint configuration {EndpointConfigName}")
        self.configs[EndpointConfigName] = made

    def update_endpoint(self, *, EndpointName: str, EndpointConfigName: str, **given: Any) -> None:
        assert EndpointName == SERVERLESS
        self.updates.append(given)
        self._before, self.config, self._left = self.config, EndpointConfigName, self.updating

    def invoke_endpoint(self, **_: object) -> dict[str, Any]:
        answer = {"model_version": "towers-1" if self.films else "", "item_ids": list(self.films)}
        return {"Body": io.BytesIO(json.dumps(answer).encode())}


def endpoint(aws: SageMaker, *, isolated: bool = False) -> Endpoint:
    settings = {"role": "arn:role", "image": "pytorch", "variant": {"VariantName": "towers"}, "isolated": isolated,
            "environment": {}, "archives": "s3://films/two-tower", "key": "arn:key"}  # fmt: skip
    return Endpoint(aws, aws, SERVERLESS, settings)


def test_a_model_is_named_after_its_bundle_and_deployed_once() -> None:
    aws = SageMaker(updating=0)
    name = endpoint(aws).put("abc")
    assert name == f"{SERVERLESS}-abc"
    assert aws.models[name]["PrimaryContainer"]["ModelDataUrl"] == "s3://films/two-tower/abc/model.tar.gz"
    assert aws.configs[name]["ProductionVariants"] == [{"VariantName": "towers", "ModelName": name}]
    assert aws.configs[name]["KmsKeyId"] == "arn:key"
    assert endpoint(aws).put("abc") == name
    assert aws.updates == [{}]


def test_an_endpoint_of_instances_keeps_its_guardrails() -> None:
    aws = SageMaker()
    endpoint(aws, isolated=True).put("abc")
    assert aws.updates == [{"RetainDeploymentConfig": True}]


def test_nothing_else_is_deployed_during_a_deployment() -> None:
    aws = SageMaker(updating=9)
    name = endpoint(aws).put("abc")
    with pytest.raises(NotReady, match="deploying"):
        endpoint(aws).check(name)
    with pytest.raises(NotReady, match="Updating"):
        endpoint(aws).deploy("another")


def test_a_model_that_was_rolled_back_or_returns_no_films_is_unusable() -> None:
    rolled_back, empty = SageMaker(updating=0, refuses=True), SageMaker(updating=0, films=())
    for aws, message in ((rolled_back, "rolled back"), (empty, "no films")):
        name = endpoint(aws).put("abc")
        with pytest.raises(Unusable, match=message):
            endpoint(aws).check(name)


def test_a_name_fits_the_limit_of_sagemaker() -> None:
    assert len(endpoint(SageMaker()).put("a" * 80)) <= 63


WITH_TOWERS = definition(on_lambda=True, minutes=2, towers=True)


def stage_with(aws: SageMaker) -> Stage:
    return Stage(WITH_TOWERS, towers=endpoint(aws))


def test_a_release_deploys_and_queries_the_model_before_the_bundle_serves() -> None:
    aws = SageMaker()
    stage = stage_with(aws)
    done = stage.start(what="release")
    assert done.status == "SUCCEEDED"
    firsts = list(dict.fromkeys(done.trail))
    order = ("Built", "Towers", "TowersReady", "Code", "Publish", "Probe", "AllTraffic", "Keep")
    assert [each for each in firsts if each in order] == list(order)
    assert aws.config == f"{SERVERLESS}-bundle-b"


@pytest.mark.parametrize("state", ["Towers", "TowersReady", "Probe", "Calm"])
def test_a_failed_release_rolls_the_model_back(state: str) -> None:
    aws = SageMaker(updating=0)
    stage = stage_with(aws)
    stage.fault[state] = StateError("ServiceException", "AWS has a fault")
    assert stage.start(what="release").status == "FAILED"
    assert aws.config == CLOUD_FORMATION_S
    assert (stage.aws.live, stage.bucket.bundle, stage.table.items) == (FIRST, GOOD, {})


def test_a_model_that_its_alarms_roll_back_ends_the_release() -> None:
    stage = stage_with(SageMaker(refuses=True))
    done = stage.start(what="release")
    assert (done.status, done.error) == ("FAILED", "Unusable")
    assert stage.aws.live == FIRST


def test_rolling_the_model_back_waits_for_the_endpoint() -> None:
    aws = SageMaker(updating=3)
    stage = stage_with(aws)
    stage.aws.bad.add("image-b")
    assert stage.start(what="release").error == "ProbeFailed"
    assert aws.config == CLOUD_FORMATION_S


def test_a_rollback_and_a_deployment_leave_the_model() -> None:
    for request in ({"what": "rollback", "version": FIRST}, {"what": "deployment", "bundle": GOOD, "image": "image-a"}):
        aws = SageMaker()
        assert stage_with(aws).start(**request).status == "SUCCEEDED"
        assert aws.updates == []
