"""The explanation model: its own inference profile, permissions for exactly what the adapter calls, alarms."""

from pathlib import Path
from typing import Any

import pytest

from infra.service_settings import explains_by_tool
from infra.settings import Undeployable, load_settings
from services.adapters.explain.prompt import request_of
from services.api.app.context import Observation
from services.api.app.observability.emf import metrics_of
from services.settings import load_settings as service_settings
from tests.infra.templates import Deployment, Template, as_list, synthesise, text_of

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = "AWS::Bedrock::ApplicationInferenceProfile"


def variables(template: Template) -> dict[str, Any]:
    return dict(template.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"])


def logical_id(template: Template, kind: str) -> str:
    [name] = template.all(kind)
    return name


def arns(value: Any) -> str:
    """An ARN with its references replaced by their names."""
    if isinstance(value, dict) and "Fn::Join" in value:
        return "".join(map(arns, value["Fn::Join"][1]))
    return value if isinstance(value, str) else str(next(iter(value.values())))


def bedrock_statements(template: Template, role: str) -> list[dict[str, Any]]:
    return [each for each in template.statements(role) if "bedrock:" in text_of(each["Action"])]


def test_the_profile_copies_the_model_of_the_setting_and_is_tagged_for_its_cost(explained: Deployment) -> None:
    profile = explained.app.one(PROFILE)
    source = arns(profile["ModelSource"]["CopyFrom"])
    assert source == f"arn:aws:bedrock:eu-west-1:111111111111:inference-profile/eu.{HAIKU}"
    assert {"Key": "purpose", "Value": "explain"} in profile["Tags"]


def test_the_role_may_call_what_the_adapter_calls_and_nothing_else(explained: Deployment) -> None:
    environment = variables(explained.app)
    profile, guardrail = (logical_id(explained.app, kind) for kind in (PROFILE, "AWS::Bedrock::Guardrail"))
    # What the adapter sends with the settings of the template; placeholders stand for values that only AWS knows.
    settings = service_settings(
        bedrock_model="arn:aws:bedrock:eu-west-1:111111111111:application-inference-profile/abc",
        aws_region="eu-west-1",
        explain_output=environment["EXPLAIN_OUTPUT"], bedrock_guardrail="guardrailid:1",
    )  # fmt: skip
    request = request_of("PROFILE", "{}", 1, by_tool=settings.explains_by_tool, guardrail=settings.guardrail)
    assert "outputConfig" in request
    assert set(request["guardrailConfig"].values()) == {"guardrailid", "1"}
    assert environment["BEDROCK_MODEL"] == {"Fn::GetAtt": [profile, "InferenceProfileArn"]}
    assert guardrail in text_of(environment["BEDROCK_GUARDRAIL"])

    profile_call, model_call, guardrail_call = bedrock_statements(explained.app, "ApiRole")
    assert (profile_call["Action"], profile_call["Resource"]) == ("bedrock:InvokeModel", environment["BEDROCK_MODEL"])
    assert model_call["Action"] == "bedrock:InvokeModel"
    assert model_call["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": environment["BEDROCK_MODEL"]}}
    regions = ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3")
    assert sorted(map(arns, as_list(model_call["Resource"]))) == [
        f"arn:aws:bedrock:{region}::foundation-model/{HAIKU}" for region in regions
    ]
    assert guardrail_call["Action"] == "bedrock:ApplyGuardrail"
    assert guardrail_call["Resource"] == {"Fn::GetAtt": [guardrail, "GuardrailArn"]}
    assert all(each["Effect"] == "Allow" for each in (profile_call, model_call, guardrail_call))
    assert "*" not in text_of([profile_call, model_call, guardrail_call])


def test_the_release_job_writes_no_sentences(explained: Deployment) -> None:
    assert bedrock_statements(explained.app, "JobsRole") == []


def test_the_guardrail_filters_input_and_has_a_version(explained: Deployment) -> None:
    guardrail = explained.app.one("AWS::Bedrock::Guardrail")
    [attacks] = guardrail["ContentPolicyConfig"]["FiltersConfig"]
    assert (attacks["Type"], attacks["InputStrength"], attacks["OutputStrength"]) == ("PROMPT_ATTACK", "HIGH", "NONE")
    assert len(explained.app.all("AWS::Bedrock::GuardrailVersion")) == 1


@pytest.mark.parametrize("name", ["dev", "prod", "embedded"])
def test_without_a_model_there_is_nothing_of_it(request: pytest.FixtureRequest, name: str) -> None:
    template: Template = request.getfixturevalue(name).app
    assert "bedrock" not in text_of(template.document).lower().replace("bedrock.amazonaws.com", "")
    assert not [each for each in template.properties("AWS::CloudWatch::Alarm") if "Explain" in each["AlarmName"]]


def test_throttling_latency_the_daily_budget_and_fallbacks_raise_alarms(explained: Deployment) -> None:
    alarms = {each["AlarmName"].rpartition("-")[2]: each for each in explained.app.properties("AWS::CloudWatch::Alarm")}
    throttles, latency, budget = (alarms[f"Explain{name}"] for name in ("Throttles", "Latency", "Budget"))
    assert (throttles["Namespace"], throttles["MetricName"]) == ("AWS/Bedrock", "InvocationThrottles")
    assert (latency["MetricName"], latency["ExtendedStatistic"], latency["Threshold"]) == (
        "Explain.LatencyMs", "p95", 5_000,
    )  # fmt: skip
    assert (budget["MetricName"], budget["Statistic"], budget["Threshold"]) == ("Explain.BudgetPct", "Maximum", 90)
    assert "FallbackExplain" in alarms


def test_the_dashboard_shows_each_metric_of_the_sentences(explained: Deployment, dev: Deployment) -> None:
    facts = {"model": 1, "wanted": 3, "cached": 1, "input_tokens": 1, "output_tokens": 1, "usd": 0.1,
            "budget_pct": 2.0}  # fmt: skip
    observation = Observation("0" * 32, "POST", "/recommend", 200, 1.0, None, {"explain": 1.0}, {"sentences": facts})
    shown, hidden = (text_of(made.app.one("AWS::CloudWatch::Dashboard")["DashboardBody"]) for made in (explained, dev))
    own = {name for name, _, _ in metrics_of(observation) if name.startswith("Explain.")} - {"Explain.UsagePct"}
    assert len(own) == 7
    for name in own:
        assert f"{name} (" in shown
        assert f"{name} (" not in hidden


def settings_of(**context: str) -> Any:
    return load_settings({"stage": "dev", **context}, {})


def test_settings_that_belong_to_a_model_need_one() -> None:
    for alone in ({"explain_guardrail": "true"}, {"explain_regions": "eu-west-1"}):
        with pytest.raises(Undeployable, match="expected explain_model, too"):
            settings_of(**alone)
    assert settings_of(explain_model=f"eu.{HAIKU}", explain_regions="eu-west-1, eu-west-3").explain_regions == (
        "eu-west-1", "eu-west-3",
    )  # fmt: skip


@pytest.mark.parametrize("model", ["haiku", "arn:aws:bedrock:x", "eu.anthropic claude", "*"])
def test_a_model_that_is_no_id_is_refused(model: str) -> None:
    with pytest.raises(Undeployable, match="explain_model"):
        settings_of(explain_model=model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (HAIKU, "requires an inference profile, expected eu., us., au., jp. or global."),
        ("apac.amazon.nova-micro-v1:0", "expected explain_regions, too, the regions to which apac. routes this model"),
    ],
)
def test_a_model_that_cannot_be_called_is_refused(tmp_path: Path, model: str, message: str) -> None:
    code, errors = synthesise(tmp_path, {"stage": "dev", "explain_model": model})
    assert code == 2
    assert message in errors


@pytest.mark.parametrize(
    ("model", "by_tool"),
    [
        (f"eu.{HAIKU}", False),
        ("global.anthropic.claude-opus-4-6-v1", False),
        ("us.anthropic.claude-haiku-5-5-20260901-v1:0", False),
        ("anthropic.claude-3-haiku-20240307-v1:0", True),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", True),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", True),
        ("eu.amazon.nova-2-lite-v1:0", True),
    ],
)
def test_a_model_without_structured_output_must_use_a_tool(model: str, by_tool: bool) -> None:
    assert explains_by_tool(model) is by_tool
