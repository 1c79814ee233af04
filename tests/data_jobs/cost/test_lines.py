"""Single lines of the bill, calculated by hand for one month."""

from dataclasses import replace

import pytest

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import SECONDS, Cache, ComputeKind, Deployment, SearchKind
from data_jobs.cost.monthly_bill import bill_of
from data_jobs.cost.prices import load_prices

PRICES = load_prices("eu-west-1")
ONE = Deployment(rps=1)
FARGATE = Deployment(rps=1, compute=ComputeKind.FARGATE)


def line(deployment: Deployment, service: str, what: str) -> Line:
    lines = bill_of(deployment, PRICES).lines
    (line,) = [line for line in lines if line.service == service and line.what.startswith(what)]
    return line


def test_a_month_has_730_hours() -> None:
    assert SECONDS == 730 * 3_600
    assert ONE.requests == pytest.approx(2_628_000 + 8_760)


def test_a_snapshot_is_stored_all_month_and_restored_every_two_hours() -> None:
    gb = 1_769 / 1_024
    assert line(replace(ONE, releases=0), "Lambda", "SnapStart, snapshots").units == pytest.approx(gb * 2_628_000)
    restored = line(Deployment(), "Lambda", "SnapStart, restores").units
    assert restored == pytest.approx(365 * gb, rel=0.01)
    assert line(replace(ONE, rps=100), "Lambda", "SnapStart, restores").units > 4 * restored


def test_the_previous_version_keeps_its_snapshot_for_two_weeks() -> None:
    none, rare, weekly, daily = (
        line(replace(ONE, releases=n), "Lambda", "SnapStart, snapshots").units for n in (0, 1, 4, 30)
    )
    assert rare / none == pytest.approx(1 + 14 / 30.4)
    assert weekly / none == daily / none == pytest.approx(2)


def test_a_balancer_is_billed_by_its_busiest_dimension() -> None:
    long_answers = replace(FARGATE, rps=50, explain_share=1)
    sent = line(long_answers, "Load balancer", "0.4").units
    assert sent == pytest.approx(line(long_answers, "Data transfer", "to the internet").units)
    many_connections = replace(FARGATE, rps=50, feedback_share=1)
    connections = many_connections.requests / 5 / SECONDS / 25
    assert line(many_connections, "Load balancer", "0.4").units == pytest.approx(connections * 730)


def test_nat_and_addresses_are_those_of_the_stage() -> None:
    prod = replace(FARGATE, stage="prod")
    assert line(FARGATE, "Network", "NAT gateways").units == 730
    assert line(prod, "Network", "NAT gateways").units == 2 * 730
    assert line(FARGATE, "Network", "public addresses").units == 3 * 730
    assert line(prod, "Network", "public addresses").units == 4 * 730


def test_logs_are_kept_compressed_for_the_days_of_the_stage() -> None:
    written = line(ONE, "CloudWatch", "logs written").units
    assert written == pytest.approx(ONE.requests * 2_100 / 1e9)
    assert line(ONE, "CloudWatch", "logs kept").units == pytest.approx(written * 0.15 * 30 / 30.4)
    prod = replace(ONE, stage="prod")
    assert line(prod, "CloudWatch", "logs kept").units == pytest.approx(written * 0.15 * 90 / 30.4)


def test_metrics_are_those_of_the_routes_in_use() -> None:
    assert line(Deployment(), "CloudWatch", "metrics").units == 12
    assert line(ONE, "CloudWatch", "metrics").units == 8 + 2 * 8 + 5 * 3 + 3
    assert "metrics" not in {entry.what for entry in bill_of(Deployment(canary_minutes=0), PRICES).lines}


def test_alarms_are_billed_by_the_metric() -> None:
    assert line(ONE, "CloudWatch", "alarms").units == 25
    assert line(replace(ONE, canary_minutes=0), "CloudWatch", "alarms").units == 24


def test_a_canary_run_is_billed_as_run_and_function() -> None:
    assert line(ONE, "Canary", "runs").units == pytest.approx(8_760)
    assert line(ONE, "Canary", "its function").units == pytest.approx(8_760 * 2)
    assert line(ONE, "S3", "canary reports").units == pytest.approx(8_760 * 3)


def test_the_log_of_events_grows_for_a_year() -> None:
    half, quarter = (
        line(replace(ONE, people=0, cache_hit=1, feedback_share=share), "DynamoDB", "storage").units
        for share in (0.5, 0.25)
    )
    assert half == pytest.approx(0.5 * 2_628_000 * 12 * 160 / 1e9)
    assert quarter == pytest.approx(half / 2)


def test_the_cache_has_its_own_lines_by_what_it_stores() -> None:
    """Two units per write of a month's answers: of all that are computed, of the searched fifth, or of none."""
    answers = 2_628_000 * 0.97
    for cache, written in ((Cache.ALL, 0.4), (Cache.DEAR, 0.2 * 0.4)):
        month = replace(ONE, cache=cache)
        assert line(month, "DynamoDB", "answer cache, writes").units == pytest.approx(2 * written * answers)
        assert line(month, "DynamoDB", "answer cache, reads").units == pytest.approx(
            written * answers * 1.5 + written / 0.4 * 0.6 * answers * 0.5
        )
    for uncached in (replace(ONE, cache=Cache.NONE), replace(ONE, search=SearchKind.EMBEDDED)):
        lines = bill_of(uncached, PRICES).lines
        assert not [entry for entry in lines if "cache" in entry.what], "no expensive answers, so none are cached"


def test_uncached_answers_are_computed_and_searched_again() -> None:
    answers = 2_628_000 * 0.97
    fresh = {cache: replace(ONE, cache=cache).fresh / answers for cache in Cache}
    assert fresh == pytest.approx({Cache.ALL: 0.4, Cache.DEAR: 0.88, Cache.NONE: 1})
    searches = {cache: replace(ONE, cache=cache).searches / answers for cache in Cache}
    assert searches == pytest.approx({Cache.ALL: 0.08, Cache.DEAR: 0.08, Cache.NONE: 0.2})


def test_recovery_is_billed_by_stored_bytes() -> None:
    assert line(ONE, "DynamoDB", "point-in-time").units == line(ONE, "DynamoDB", "storage").units


def test_a_release_takes_minutes_of_building_and_a_quarter_of_an_hour_of_indexing() -> None:
    assert line(ONE, "CodeBuild", "releases").units == 4 * 20
    assert line(ONE, "OpenSearch Serverless", "indexing").units == 1
    assert line(replace(ONE, releases=8), "OpenSearch Serverless", "indexing").units == 2


def test_at_most_ten_images_are_kept() -> None:
    five, ten, many = (line(replace(ONE, releases=n), "ECR", "images").units for n in (4, 9, 100))
    assert five < ten
    assert ten == pytest.approx(many)


def test_each_environment_reads_the_secrets() -> None:
    idle = line(Deployment(), "Secrets and keys", "reads").units
    assert idle == pytest.approx(48 * 730, rel=0.01)
    assert line(replace(ONE, rps=100), "Secrets and keys", "reads").units > 4 * idle
    assert line(FARGATE, "Secrets and keys", "reads").units == pytest.approx(48 * 730)
