"""The arithmetic of a bill: fixed costs, costs by load, and the break-even of Lambda and Fargate."""

from dataclasses import replace
from itertools import pairwise

import pytest

from data_jobs.cost.bill import Bill, Line
from data_jobs.cost.computing import environments, tasks
from data_jobs.cost.deployment import HOURS, SECONDS, ComputeKind, Deployment, DeploymentError, SearchKind
from data_jobs.cost.monthly_bill import bill_of, savings_of
from data_jobs.cost.prices import load_prices
from data_jobs.cost.storing import search_ocu
from data_jobs.cost.workload import billed_seconds, cpu_seconds, fresh_ms, sent_gb

PRICES = load_prices("eu-west-1")
IDLE = Deployment()
BUSY = Deployment(rps=10)
SEARCH = "OpenSearch Serverless"
BY_THE_REQUEST = ("HTTP API", "CloudFront", "WAF", "DynamoDB")


def total(deployment: Deployment) -> float:
    return bill_of(deployment, PRICES).total


def services(deployment: Deployment) -> dict[str, float]:
    return dict(bill_of(deployment, PRICES).by_service())


def line(deployment: Deployment, service: str, what: str) -> Line:
    lines = bill_of(deployment, PRICES).lines
    (line,) = [line for line in lines if line.service == service and line.what.startswith(what)]
    return line


def test_a_bill_is_the_sum_of_its_services_and_of_its_lines() -> None:
    bill = bill_of(BUSY, PRICES)
    assert bill.total == pytest.approx(sum(bill.by_service().values()))
    assert bill.total == pytest.approx(sum(entry.units * entry.price.usd for entry in bill.lines))
    assert all(entry.units > 0 for entry in bill.lines)


def test_a_line_without_units_is_not_on_the_bill() -> None:
    entry = Line("S3", "storage", 1, PRICES["s3_storage"])
    assert Bill.of([entry, replace(entry, units=0.0)]).lines == (entry,)


@pytest.mark.parametrize("service", BY_THE_REQUEST)
def test_costs_per_request_grow_in_proportion(service: str) -> None:
    fixed, one, three = (services(replace(IDLE, rps=rps))[service] for rps in (0, 1, 3))
    assert three - fixed == pytest.approx(3 * (one - fixed))
    assert one > fixed


def test_the_function_runs_in_proportion_to_the_load() -> None:
    fixed, one, three = (billed_seconds(replace(IDLE, rps=rps)) for rps in (0, 1, 3))
    assert three - fixed == pytest.approx(3 * (one - fixed))


def test_an_idle_deployment_pays_fixed_costs_and_its_canary() -> None:
    quiet = replace(IDLE, canary_minutes=0)
    assert quiet.requests == environments(quiet) == 0
    assert "HTTP API" not in services(quiet)
    assert services(quiet)["WAF"] == pytest.approx(8)
    assert IDLE.requests == IDLE.canary_runs == pytest.approx(8_760)
    assert line(IDLE, "HTTP API", "requests").units == pytest.approx(8_760)
    assert total(quiet) < total(IDLE) < total(replace(IDLE, rps=0.01))


def test_the_http_api_at_one_request_per_second_matches_the_price_page() -> None:
    month = replace(IDLE, rps=1, canary_minutes=0)
    assert line(month, "HTTP API", "requests").usd == pytest.approx(2.628 * 1.11)


def test_two_search_ocu_around_the_clock_are_about_350_dollars() -> None:
    prod = replace(IDLE, stage="prod")
    assert search_ocu(prod) == 2
    assert line(prod, SEARCH, "search").usd == pytest.approx(350.4)


def test_a_collection_scales_to_zero_when_idle() -> None:
    assert search_ocu(IDLE) == 0
    once_an_hour = Deployment(rps=1 / 3_600, cache_hit=0, search_share=1, feedback_share=0)
    assert search_ocu(once_an_hour) == pytest.approx(2 * (1 - 2.718281828 ** (-600 / 3_600)))
    assert search_ocu(replace(IDLE, rps=1)) == pytest.approx(2)
    assert search_ocu(replace(IDLE, rps=1, cache_hit=1)) == 0
    assert search_ocu(replace(IDLE, rps=1, search_share=0)) == 0


def test_search_load_adds_ocu_in_pairs() -> None:
    assert search_ocu(Deployment(rps=100, cache_hit=0, search_share=1, feedback_share=0)) == pytest.approx(2)
    assert search_ocu(Deployment(rps=101, cache_hit=0, search_share=1, feedback_share=0)) == pytest.approx(4)
    assert search_ocu(Deployment(rps=1, search_ocu_min=8)) == pytest.approx(8)


def test_classic_never_scales_to_zero() -> None:
    classic = replace(IDLE, search=SearchKind.CLASSIC)
    assert line(classic, SEARCH, "Classic").units == 4 * HOURS
    assert services(classic)[SEARCH] > services(replace(IDLE, stage="prod"))[SEARCH]


def test_embedded_search_has_no_collection_no_wait_and_no_alarms_for_it() -> None:
    embedded = replace(BUSY, search=SearchKind.EMBEDDED)
    assert SEARCH not in services(embedded)
    assert billed_seconds(embedded) < billed_seconds(BUSY)
    assert line(BUSY, "CloudWatch", "alarms").units - line(embedded, "CloudWatch", "alarms").units == 5


def test_cache_hits_lower_the_cost() -> None:
    none, all_hits = replace(BUSY, cache_hit=0), replace(BUSY, cache_hit=1)
    for service in ("Lambda", "DynamoDB"):
        assert services(all_hits)[service] < services(BUSY)[service] < services(none)[service]
    assert services(all_hits)["HTTP API"] == pytest.approx(services(none)["HTTP API"])


def test_explanations_cost_bytes() -> None:
    explained = replace(BUSY, explain_share=1)
    assert sent_gb(explained) > sent_gb(BUSY)
    assert services(explained)["DynamoDB"] > services(BUSY)["DynamoDB"]


def test_more_films_take_more_time_and_space() -> None:
    few = replace(BUSY, films=9_742)
    assert fresh_ms(few) == pytest.approx(2.68, abs=0.01)
    assert fresh_ms(BUSY) > fresh_ms(few)
    for service in ("Lambda", "ECR", "S3", SEARCH):
        assert services(BUSY)[service] > services(few)[service]


def test_lambda_is_cheaper_at_low_load_and_fargate_at_high_load() -> None:
    loads = [0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200]
    pairs = [
        (total(replace(IDLE, rps=rps)), total(replace(IDLE, rps=rps, compute=ComputeKind.FARGATE))) for rps in loads
    ]
    fargate_wins = [fargate < function for function, fargate in pairs]
    assert fargate_wins[0] is False
    assert fargate_wins[-1] is True
    assert sum(before != after for before, after in pairwise(fargate_wins)) == 1


def test_fargate_has_a_balancer_and_a_network_and_no_gateway() -> None:
    fargate = services(replace(BUSY, compute=ComputeKind.FARGATE))
    assert {"Fargate", "Load balancer", "Network", "Data transfer"} <= set(fargate)
    assert not {"Lambda", "HTTP API", "CloudFront"} & set(fargate)


def test_tasks_grow_with_the_load_from_the_stages_minimum() -> None:
    fargate = Deployment(compute=ComputeKind.FARGATE)
    assert tasks(fargate) == 1
    assert tasks(replace(fargate, stage="prod")) == 2
    many = replace(fargate, rps=2_000)
    assert tasks(many) == pytest.approx(cpu_seconds(many) / SECONDS / 0.6)
    assert tasks(many) > 2


def test_prod_keeps_more_than_dev() -> None:
    prod = replace(BUSY, stage="prod")
    for service in ("S3", "CloudWatch"):
        assert services(prod)[service] > services(BUSY)[service]


def test_arm_is_a_fifth_cheaper_per_gigabyte_second() -> None:
    arm = replace(BUSY, architecture="arm64")
    assert line(arm, "Lambda", "1,769").usd / line(BUSY, "Lambda", "1,769").usd == pytest.approx(0.8, abs=0.001)


def test_savings_are_differences_of_two_bills_largest_first() -> None:
    savings = savings_of(BUSY, PRICES)
    by_change = {saving.change: saving.usd for saving in savings}
    assert by_change["no firewall"] == pytest.approx(total(BUSY) - total(replace(BUSY, firewall=False)))
    assert by_change["no OpenSearch"] == pytest.approx(total(BUSY) - total(replace(BUSY, search=SearchKind.EMBEDDED)))
    amounts = [saving.usd for saving in savings]
    assert amounts == sorted(amounts, reverse=True)
    assert all(saving.how and saving.price for saving in savings)


def test_features_already_off_save_nothing() -> None:
    minimal = replace(
        BUSY, firewall=False, snapstart=False, canary_minutes=60, search=SearchKind.EMBEDDED,
        architecture="arm64",
    )  # fmt: skip
    assert [saving.change for saving in savings_of(minimal, PRICES)] == []


@pytest.mark.parametrize(
    ("deployment", "first"),
    [
        (Deployment(stage="prod"), {"no OpenSearch", "search OCU may fall to 0"}),
        (Deployment(search=SearchKind.CLASSIC), {"no OpenSearch", "NextGen instead of Classic"}),
        (Deployment(compute=ComputeKind.FARGATE), {"Lambda"}),
    ],
)
def test_the_largest_savings_come_first(deployment: Deployment, first: set[str]) -> None:
    assert {saving.change for saving in savings_of(deployment, PRICES)[: len(first)]} == first


def test_a_slower_canary_is_not_sped_up() -> None:
    assert "canary every 15 minutes" in {saving.change for saving in savings_of(IDLE, PRICES)}
    rare = replace(IDLE, canary_minutes=30)
    assert "canary every 15 minutes" not in {saving.change for saving in savings_of(rare, PRICES)}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stage": "moon"}, "stage 'moon': expected dev or prod"),
        ({"cache_hit": 1.1}, "cache_hit 1.1: expected a share"),
        ({"explain_share": -0.1}, "explain_share -0.1: expected a share"),
        ({"rps": -1}, "rps -1: expected 0 or more"),
        ({"rps": float("inf")}, "rps inf: expected 0 or more"),
        ({"films": 0}, "films 0: expected 1 or more"),
    ],
)
def test_an_invalid_deployment_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(DeploymentError, match=message):
        Deployment(**values)  # type: ignore[arg-type]
