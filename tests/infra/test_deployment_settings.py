"""Settings that cannot work are refused before anything is deployed, with a message that says what was expected."""

import re
from pathlib import Path

import pytest

from infra.service_settings import OWNED, variables
from infra.settings import FOLDER, DeploymentSettings, Undeployable, load_settings, stage_file
from services.settings import Settings as ServiceSettings

ZONE = {"domain_name": "films.example.com", "hosted_zone_id": "Z1", "hosted_zone_name": "example.com"}


def settings(**context: object) -> DeploymentSettings:
    return load_settings(context, {})


def test_without_context_it_is_dev_on_lambda_in_ireland() -> None:
    dev = settings()
    assert (dev.stage, dev.compute, dev.region, dev.architecture) == ("dev", "lambda", "eu-west-1", "x86_64")


def test_context_overrides_the_stage_s_file() -> None:
    assert settings(stage="prod").search_ocu_min == 2
    assert settings(stage="dev").search_ocu_min == 0
    assert settings(stage="prod", search_ocu_min="4").search_ocu_min == 4


def test_dev_searches_its_bundle_and_prod_opensearch() -> None:
    assert settings(stage="dev").search == "embedded"
    assert settings(stage="prod").search == "opensearch"


def test_an_invalid_or_foreign_stage_file_is_named(tmp_path: Path) -> None:
    for text, message in (("search = ", "infra/stages/dev.toml: "), ('stage = "prod"', "stage = 'prod': leave it out")):
        (tmp_path / "dev.toml").write_text(text)
        with pytest.raises(Undeployable, match=re.escape(message)):
            stage_file("dev", tmp_path)
    with pytest.raises(Undeployable, match=r"prod\.toml: .*No such file"):
        stage_file("prod", tmp_path)


def test_settings_of_the_service_come_from_the_file_and_the_context() -> None:
    service = settings(**{"service.cache_ttl_secs": "60", "service.cors_origins": "https://a.example"}).service
    assert variables(service, kind=None) == {"CACHE_TTL_SECS": "60", "CORS_ORIGINS": "https://a.example"}
    values = {"cors_origins": ["https://a.example", "https://b.example"], "marquee_access_log": True}
    assert variables(values, kind=None) == {
        "CORS_ORIGINS": "https://a.example,https://b.example", "MARQUEE_ACCESS_LOG": "on",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ({"cache_ttl_secs": -1}, "CACHE_TTL_SECS = '-1': expected whole seconds"),
        ({"cors_origins": ["*"]}, "expected named origins while API_KEYS is on"),
        ({"cors_origins": "films.example"}, "is not an origin"),
        ({"opensearch_timeout_ms": "soon"}, "OPENSEARCH_TIMEOUT_MS"),
        (
            {"cache_tlt_secs": 1},
            "service.cache_tlt_secs: no such setting; expected cache_ttl_secs",
        ),
        ({"ddb_users_table": "mine"}, "service.ddb_users_table: not for a stage to set"),
        ({"bedrock_batch_role": "arn:aws:iam::111111111111:role/batch"}, "not for a stage to set; leave it out"),
        ({"alarm_mail": "a@b.ch"}, "service.alarm_mail: a setting of the stage; put it above the line [service]"),
        ({"zzz": 1}, "service.zzz: no such setting; expected one of allowed_hosts, balancer_idle_secs,"),
    ],
)
def test_a_service_setting_is_refused_as_the_service_would(service: dict[str, object], message: str) -> None:
    with pytest.raises(Undeployable, match=re.escape(message)):
        variables(service, kind=None)


def test_a_setting_for_a_kind_of_search_is_checked_with_that_kind() -> None:
    with pytest.raises(Undeployable, match="OPENSEARCH_CUSTOM_IDS"):
        variables({"opensearch_custom_ids": "on"}, kind="classic")
    assert variables({"opensearch_custom_ids": "on"}, kind="nextgen") == {"OPENSEARCH_CUSTOM_IDS": "on"}


def test_every_setting_of_the_service_is_the_deployments_or_the_stages() -> None:
    """A new setting can be set by a stage; a removed one is no longer listed in OWNED."""
    assert set(ServiceSettings.model_fields) >= OWNED
    assert {"request_deadline_ms", "cache_ttl_secs", "cors_origins", "opensearch_timeout_ms", "ddb_timeout_ms",
            "vector_dim", "explain_daily_tokens"} <= set(ServiceSettings.model_fields) - OWNED  # fmt: skip


@pytest.mark.parametrize(("stage", "shown"), [("dev", True), ("prod", False)])
def test_the_demo_page_is_off_in_prod_unless_switched_on(stage: str, shown: bool) -> None:
    assert settings(stage=stage).demo_page is shown
    assert settings(stage=stage, demo_page="true").demo_page


def test_only_prod_keeps_its_data() -> None:
    assert settings(stage="prod").keeps_data
    assert not settings(stage="dev").keeps_data


@pytest.mark.parametrize("least", [0, 2, 4, 8, 16])
def test_capacities_of_the_service_are_accepted(least: int) -> None:
    assert settings(search_ocu_min=least, search_ocu_max=32).search_ocu_min == least


@pytest.mark.parametrize("least", [1, 3, 6, 12, 24, -2, -16])
def test_other_capacities_are_refused_with_the_allowed_ones(least: int) -> None:
    with pytest.raises(Undeployable, match=rf"search_ocu_min = {least}: expected 0, 2, 4, 8 or a multiple of 16"):
        settings(search_ocu_min=least, search_ocu_max=32)


def test_a_maximum_of_nothing_is_refused() -> None:
    with pytest.raises(Undeployable, match=r"indexing_ocu_max = 0: expected 2, 4, 8"):
        settings(indexing_ocu_max=0)


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(Undeployable, match="search_ocu_min = 8: expected at most search_ocu_max = 4"):
        settings(search_ocu_min=8, search_ocu_max=4)


def test_classic_search_never_scales_to_zero_and_allows_one_unit() -> None:
    assert settings(classic_search="true").search_ocu_min == 2
    assert settings(classic_search="true", search_ocu_min=1).search_ocu_min == 1
    with pytest.raises(Undeployable, match="search_ocu_min = 0"):
        settings(classic_search="true", search_ocu_min=0)


@pytest.mark.parametrize("missing", ["hosted_zone_id", "hosted_zone_name"])
def test_a_domain_needs_its_zone(missing: str) -> None:
    with pytest.raises(Undeployable, match="expected hosted_zone_id and hosted_zone_name"):
        settings(**{name: value for name, value in ZONE.items() if name != missing})


def test_fargate_needs_a_domain_for_its_certificate() -> None:
    with pytest.raises(Undeployable, match="expected domain_name"):
        settings(compute="fargate")
    assert settings(compute="fargate", **ZONE).domain_name == "films.example.com"


def test_a_minimum_of_tasks_above_the_maximum_is_refused() -> None:
    with pytest.raises(Undeployable, match="fargate_tasks_min = 9"):
        settings(fargate_tasks_min=9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stage", "test"), ("compute", "ec2"), ("architecture", "riscv"), ("region", "Ireland"), ("account", "12"),
        ("alarm_mail", "nobody"), ("monthly_budget_usd", 0), ("log_days", 8), ("release_schedule", "weekly"),
        ("memory_mb", 128), ("waf_requests_per_ip", 5),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(name: str, value: object) -> None:
    with pytest.raises(Undeployable, match=name):
        settings(**{name: value})


def test_missing_and_misspelt_settings_are_named_without_other_values(tmp_path: Path) -> None:
    """Values of unknown names may be secrets in the wrong place."""
    text = (FOLDER / "dev.toml").read_text("utf-8").replace("throttle_rate =", 'tmdb_token = "hush"\nthrottle_rat =')
    (tmp_path / "dev.toml").write_text(text, "utf-8")
    with pytest.raises(Undeployable) as refused:
        load_settings({}, {}, tmp_path)
    message = str(refused.value)
    assert "throttle_rate: missing; the stage's file must have it" in message
    assert "throttle_rat: no such setting; expected throttle_rate, or in [service]" in message
    assert "tmdb_token: no such setting" in message
    assert "hush" not in message
    assert "sim-" not in message


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("alarm_mail", "nobody", "expected one mail address like"), ("account", "12", "expected the 12 digits"),
     ("domain_name", "https://films.example", "without https://"), ("release_schedule", "weekly", "like cron(0 3"),
     ("features_instance", "large", "like ml.m5.large")],
)  # fmt: skip
def test_the_expected_form_is_described_in_words(name: str, value: str, expected: str) -> None:
    with pytest.raises(Undeployable, match=re.escape(f"{name} = {value!r}: ")) as refused:
        settings(**{name: value})
    assert expected in str(refused.value)
    assert "pattern" not in str(refused.value)


def test_a_misspelt_setting_is_refused_and_those_of_the_cdk_are_not() -> None:
    with pytest.raises(Undeployable, match="demo_pgae"):
        settings(demo_pgae="true")
    assert load_settings({"@aws-cdk/core:flag": True, "aws:cdk:outdir": "x"}, {}).stage == "dev"


def test_the_account_is_that_of_the_credentials_unless_it_is_set() -> None:
    environment = {"CDK_DEFAULT_ACCOUNT": "222222222222"}
    assert load_settings({}, environment).account == "222222222222"
    assert load_settings({"account": "333333333333"}, environment).account == "333333333333"
    assert load_settings({}, {}).account is None
