"""A deployment that can't work is refused before anything is made, with a word on what was expected."""

import pytest

from infra.settings import Settings, SettingsError, load_settings

ZONE = {"domain_name": "films.example.com", "hosted_zone_id": "Z1", "hosted_zone_name": "example.com"}


def settings(**context: object) -> Settings:
    return load_settings(context, {})


def test_without_context_it_is_dev_on_lambda_in_ireland() -> None:
    made = settings()
    assert (made.stage, made.compute, made.region, made.architecture) == ("dev", "lambda", "eu-west-1", "x86_64")


def test_a_stage_brings_its_defaults_and_the_context_wins() -> None:
    assert settings(stage="prod").search_ocu_min == 2
    assert settings(stage="dev").search_ocu_min == 0
    assert settings(stage="prod", search_ocu_min="4").search_ocu_min == 4


@pytest.mark.parametrize(("stage", "shown"), [("dev", True), ("prod", False)])
def test_the_demo_page_is_off_in_prod_unless_switched_on(stage: str, shown: bool) -> None:
    assert settings(stage=stage).demo_page is shown
    assert settings(stage=stage, demo_page="true").demo_page


def test_only_prod_keeps_its_data() -> None:
    assert settings(stage="prod").keeps_data
    assert not settings(stage="dev").keeps_data


@pytest.mark.parametrize("least", [0, 2, 4, 8, 16])
def test_capacities_that_the_service_takes_are_taken(least: int) -> None:
    assert settings(search_ocu_min=least, search_ocu_max=32).search_ocu_min == least


@pytest.mark.parametrize("least", [1, 3, 6, 12, 24, -2, -16])
def test_a_capacity_that_the_service_refuses_is_named_with_those_it_takes(least: int) -> None:
    with pytest.raises(SettingsError, match=rf"search_ocu_min = {least}: expected 0, 2, 4, 8 or a multiple of 16"):
        settings(search_ocu_min=least, search_ocu_max=32)


def test_a_maximum_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"indexing_ocu_max = 0: expected 2, 4, 8"):
        settings(indexing_ocu_max=0)


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(SettingsError, match="search_ocu_min = 8: expected at most search_ocu_max = 4"):
        settings(search_ocu_min=8, search_ocu_max=4)


def test_classic_search_never_falls_asleep_and_takes_a_single_unit() -> None:
    assert settings(classic_search="true").search_ocu_min == 2
    assert settings(classic_search="true", search_ocu_min=1).search_ocu_min == 1
    with pytest.raises(SettingsError, match="search_ocu_min = 0"):
        settings(classic_search="true", search_ocu_min=0)


@pytest.mark.parametrize("missing", ["hosted_zone_id", "hosted_zone_name"])
def test_a_domain_needs_its_zone(missing: str) -> None:
    with pytest.raises(SettingsError, match="expected hosted_zone_id and hosted_zone_name"):
        settings(**{name: value for name, value in ZONE.items() if name != missing})


def test_fargate_needs_a_domain_for_its_certificate() -> None:
    with pytest.raises(SettingsError, match="expected domain_name"):
        settings(compute="fargate")
    assert settings(compute="fargate", **ZONE).domain_name == "films.example.com"


def test_fewer_tasks_at_most_than_at_least_are_refused() -> None:
    with pytest.raises(SettingsError, match="fargate_tasks_min = 9"):
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
    with pytest.raises(SettingsError, match=name):
        settings(**{name: value})


def test_a_misspelt_setting_is_refused_and_those_of_the_cdk_are_not() -> None:
    with pytest.raises(SettingsError, match="demo_pgae"):
        settings(demo_pgae="true")
    assert load_settings({"@aws-cdk/core:flag": True, "aws:cdk:outdir": "x"}, {}).stage == "dev"


def test_the_account_is_that_of_the_credentials_unless_it_is_set() -> None:
    environment = {"CDK_DEFAULT_ACCOUNT": "222222222222"}
    assert load_settings({}, environment).account == "222222222222"
    assert load_settings({"account": "333333333333"}, environment).account == "333333333333"
    assert load_settings({}, {}).account is None
