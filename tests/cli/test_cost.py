"""marquee cost: the bill as a table and as JSON, its unconfirmed prices, and wrong usage."""

import pytest

from data_jobs.cost.deployment import ComputeKind, Deployment, SearchKind
from data_jobs.cost.monthly_bill import bill_of
from data_jobs.cost.prices import load_prices
from services.cli.cost import LOADS
from tests.cli.conftest import Marquee


def rows(out: str, start: str) -> list[str]:
    """Return the rows of the table whose heading starts like this."""
    lines = out.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(start))
    return lines[first + 1 : lines.index("", first)]


def test_without_a_load_there_is_a_column_per_default_load(marquee: Marquee) -> None:
    done = marquee("cost")
    assert done.code == 0
    heading = next(line for line in done.out.splitlines() if line.startswith("service"))
    assert heading.split() == ["service", "idle", "1", "rps", "10", "rps", "100", "rps"]
    total = rows(done.out, "service")[-1].split()
    expected = [
        bill_of(Deployment(rps=rps, search=SearchKind.EMBEDDED), load_prices("eu-west-1")).total for rps in LOADS
    ]
    assert total == ["total", *(f"{usd:,.2f}" for usd in expected)]


def test_with_a_load_there_is_a_line_per_billed_item(marquee: Marquee) -> None:
    done = marquee("cost", "--rps", "1", "--films", "62000")
    lines = rows(done.out, "service")
    bill = bill_of(Deployment(rps=1, search=SearchKind.EMBEDDED), load_prices("eu-west-1"))
    assert len(lines) == len(bill.lines) + 1
    assert lines[-1].split() == ["total", f"{bill.total:,.2f}"]
    (reads,) = [line for line in lines if line.startswith("DynamoDB") and " reads" in line and "cache" not in line]
    assert "read request unit" in reads


def test_an_unconfirmed_price_is_marked_and_listed(marquee: Marquee) -> None:
    out = marquee("cost", "--rps", "1", "--search", "opensearch").out
    (search,) = [line for line in rows(out, "service") if "search, " in line]
    (api,) = [line for line in rows(out, "service") if line.startswith("HTTP API")]
    assert " ? " in search
    assert "?" not in api
    doubts = out[out.index("Unconfirmed list prices, check before relying on them") :]
    assert "Amazon OpenSearch Service Pricing, Serverless: 0.24 USD for 1 OCU-hour" in doubts
    assert "API Gateway" not in doubts


def test_options_override_the_stages_file(marquee: Marquee) -> None:
    assert "Stage dev on lambda, search embedded" in marquee("cost", "--rps", "1").out
    assert "Stage prod on lambda, search opensearch" in marquee("cost", "--rps", "1", "--stage", "prod").out
    assert "search classic" in marquee("cost", "--rps", "1", "--search", "classic").out


def test_the_age_of_the_prices_and_what_is_not_billed_are_printed(marquee: Marquee) -> None:
    out = marquee("cost", "--rps", "0").out
    prices = load_prices("eu-west-1")
    assert f"Prices reviewed on {prices.checked}; the oldest figure is from " in out
    left_out = out[out.index("Not in the bill:") :]
    for each in ("taxes", "free tier", "support"):
        assert each in left_out


def test_the_three_largest_savings_are_shown_with_the_setting(marquee: Marquee) -> None:
    out = marquee("cost", "--rps", "0", "--stage", "prod").out
    savings = rows(out, "saving")
    assert len(savings) == 3
    assert savings[0].startswith("no OpenSearch")
    assert "-c search_ocu_min=0" in savings[1]


def test_a_saving_is_shown_for_each_load(marquee: Marquee) -> None:
    savings = rows(marquee("cost").out, "saving")
    (firewall,) = [line for line in savings if line.startswith("no firewall")]
    amounts = [float(part) for part in firewall.split()[2:6]]
    assert amounts == sorted(amounts)
    assert amounts[0] == pytest.approx(8.01)


def test_json_has_the_whole_bill_and_its_prices(marquee: Marquee) -> None:
    done = marquee("cost", "--rps", "2.5", "--json")
    document = done.json
    (bill,) = document["bills"]
    assert (document["region"], document["currency"]) == ("eu-west-1", "USD")
    assert document["prices_checked"] == load_prices("eu-west-1").checked.isoformat()
    assert bill["deployment"]["rps"] == 2.5
    assert bill["total"] == pytest.approx(sum(line["usd"] for line in bill["lines"]))
    assert bill["total"] == pytest.approx(sum(bill["services"].values()))
    assert len(bill["savings"]) == 3
    line = bill["lines"][0]
    assert line["usd"] == pytest.approx(line["units"] * line["price"]["usd"])
    assert {"name", "usd", "unit", "page", "as_of", "verified", "remark"} == set(line["price"])
    assert document["not_in_the_bill"]


def test_json_without_a_load_has_all_of_them(marquee: Marquee) -> None:
    bills = marquee("cost", "--json").json["bills"]
    assert [bill["deployment"]["rps"] for bill in bills] == list(LOADS)
    totals = [bill["total"] for bill in bills]
    assert totals == sorted(totals)


def test_options_reach_the_bill(marquee: Marquee) -> None:
    options = ("--stage", "prod", "--compute", "fargate", "--search", "embedded", "--cache-hit", "0.25",
               "--explain-share", "0.5", "--films", "1000", "--region", "us-east-1")  # fmt: skip
    document = marquee("cost", "--rps", "3", *options, "--json").json
    deployment = document["bills"][0]["deployment"]
    chosen = {"stage": "prod", "compute": "fargate", "search": "embedded", "cache_hit": 0.25, "explain_share": 0.5,
              "films": 1_000}  # fmt: skip
    assert {name: deployment[name] for name in chosen} == chosen
    assert document["region"] == "us-east-1"
    kinds = {"compute": ComputeKind(deployment["compute"]), "search": SearchKind(deployment["search"])}
    expected = bill_of(Deployment(**deployment | kinds), load_prices("us-east-1")).total
    assert document["bills"][0]["total"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--region", "mars-north-1"), "no prices for the region 'mars-north-1'; it has: eu-west-1, us-east-1"),
        (("--rps", "-1"), "--rps"),
        (("--rps", "inf"), "rps inf: expected 0 or more"),
        (("--cache-hit", "1.5"), "--cache-hit"),
        (("--explain-share", "2"), "--explain-share"),
        (("--films", "0"), "--films"),
        (("--stage", "moon"), "moon"),
        (("--compute", "abacus"), "abacus"),
        (("--search", "grep"), "grep"),
    ],
)
def test_invalid_options_are_wrong_usage(marquee: Marquee, arguments: tuple[str, ...], message: str) -> None:
    done = marquee("cost", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_nothing_is_written_and_no_bundle_is_needed(marquee: Marquee, empty_home) -> None:
    assert marquee("cost", "--rps", "1").code == 0
    assert list(empty_home.iterdir()) == []
