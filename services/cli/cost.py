"""``marquee cost``: estimate the monthly AWS bill by service, and the largest savings."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.cost.bill import Bill
    from data_jobs.cost.deployment import Deployment
    from data_jobs.cost.monthly_bill import Saving
    from data_jobs.cost.prices import PriceList

LOADS = (0.0, 1.0, 10.0, 100.0)
SAVINGS = 3


class StageChoice(StrEnum):
    """Values of ``--stage``."""

    DEV = "dev"
    PROD = "prod"


class ComputeChoice(StrEnum):
    """Values of ``--compute``."""

    LAMBDA = "lambda"
    FARGATE = "fargate"


class CacheChoice(StrEnum):
    """Values of ``--cache``."""

    DEAR = "dear"
    ALL = "all"
    NONE = "none"


class WriterChoice(StrEnum):
    """Values of ``--explain-by``."""

    TEMPLATE = "template"
    MODEL = "model"


class TowerChoice(StrEnum):
    """Values of ``--two-tower``."""

    OFF = "off"
    SERVERLESS = "serverless"
    INSTANCE = "instance"


class SearchChoice(StrEnum):
    """Values of ``--search``."""

    OPENSEARCH = "opensearch"
    CLASSIC = "classic"
    EMBEDDED = "embedded"


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(cost)


def cost(
    rps: Annotated[
        float | None, typer.Option(min=0, help="Mean requests per second over the month. Default: 0, 1, 10 and 100.")
    ] = None,
    films: Annotated[int, typer.Option(min=1, help="Films in the catalogue.")] = 62_000,
    stage: Annotated[
        StageChoice, typer.Option(help="Deployment stage, as in infra/stages/STAGE.toml.")
    ] = StageChoice.DEV,
    compute: Annotated[ComputeChoice | None, typer.Option(help="Compute platform. Default: the stage's.")] = None,
    search: Annotated[
        SearchChoice | None,
        typer.Option(
            help="OpenSearch Serverless (NextGen or Classic), or the index in the bundle. Default: the stage's."
        ),
    ] = None,
    cache: Annotated[
        CacheChoice,
        typer.Option(
            help="Cached responses, as CACHE_ANSWERS. dear: only expensive ones (OpenSearch, or explained by a model); "
            "all; none (CACHE_TTL_SECS=0)."
        ),
    ] = CacheChoice.DEAR,
    cache_hit: Annotated[float, typer.Option(min=0, max=1, help="Hit rate among the cacheable responses.")] = 0.6,
    search_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of requests that search: text queries, similar films.")
    ] = 0.2,
    explain_share: Annotated[float, typer.Option(min=0, max=1, help="Share of requests with explanations.")] = 0.0,
    explain_by: Annotated[
        WriterChoice | None, typer.Option(help="Explanations by template or model. Default: the stage's.")
    ] = None,
    sentence_hit: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a model's sentences that come from the cache.")
    ] = 0.5,
    two_tower: Annotated[
        TowerChoice | None, typer.Option(help="Where the two-tower model runs. Default: the stage's.")
    ] = None,
    two_tower_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of responses ranked by the preset two-tower.")
    ] = 0.0,
    spark_events: Annotated[
        float, typer.Option(min=0, help="Events that Spark on EMR Serverless counts for each release, e.g. 1e9.")
    ] = 0.0,
    region: Annotated[str | None, typer.Option(help="AWS region whose prices apply. Default: the stage's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate the monthly cost of a deployment on AWS, and what to switch off to save.

    The estimate combines a dated price list (data_jobs/cost/prices.toml) with the resources that one request uses
    (data_jobs/cost/workload.py); see docs/costs.md. AWS is not contacted.
    """
    from data_jobs.cost.deployment import (
        Cache,
        ComputeKind,
        Deployment,
        DeploymentError,
        SearchKind,
        TwoTowerKind,
        stage_of,
    )
    from data_jobs.cost.prices import PriceError, load_prices

    try:
        of_stage = stage_of(stage.value)
        prices = load_prices(region or of_stage.region)
        deployments = [
            Deployment(
                rps=each, films=films, stage=stage.value, compute=ComputeKind(compute or of_stage.compute),
                search=SearchKind(search or of_stage.search), cache=Cache(cache), cache_hit=cache_hit,
                search_share=search_share, explain_share=explain_share, architecture=of_stage.architecture,
                memory_mb=of_stage.memory_mb, sentence_hit=sentence_hit,
                two_tower=TwoTowerKind(two_tower or of_stage.two_tower), two_tower_share=two_tower_share,
                spark_events=spark_events,
                explain_model=bool(of_stage.explain_model) if explain_by is None else explain_by == WriterChoice.MODEL,
            )
            for each in (LOADS if rps is None else (rps,))
        ]  # fmt: skip
    except (PriceError, DeploymentError) as error:
        raise Misused(str(error)) from error
    document = _document(deployments, prices)
    Output(as_json).result(document, _lines(deployments, prices))


def _document(deployments: list["Deployment"], prices: "PriceList") -> dict[str, Any]:
    """Return all figures, unrounded; money in US dollars per month."""
    from data_jobs.cost.monthly_bill import NOT_IN_THE_BILL, bill_of, savings_of

    return {
        "region": prices.region,
        "currency": "USD",
        "prices_checked": prices.checked.isoformat(),
        "bills": [
            {
                "deployment": asdict(each),
                "total": bill_of(each, prices).total,
                "services": dict(bill_of(each, prices).by_service()),
                "lines": [asdict(line) | {"usd": line.usd} for line in bill_of(each, prices).lines],
                "savings": [asdict(saving) for saving in savings_of(each, prices)[:SAVINGS]],
            }
            for each in deployments
        ],
        "not_in_the_bill": list(NOT_IN_THE_BILL),
    }


def _lines(deployments: list["Deployment"], prices: "PriceList") -> list[str]:
    from data_jobs.cost.monthly_bill import NOT_IN_THE_BILL, bill_of, savings_of

    first = deployments[0]
    bills = [bill_of(each, prices) for each in deployments]
    savings = [savings_of(each, prices) for each in deployments]
    is_single = len(deployments) == 1
    return [
        _title(first, prices.region),
        "",
        *(_bill(bills[0]) if is_single else _bills([each.rps for each in deployments], bills)),
        "",
        *_savings(["saves"] if is_single else [_load(each.rps) for each in deployments], savings),
        "",
        *_price_notes(bills, prices),
        "Not in the bill:",
        *(f"  {each}" for each in NOT_IN_THE_BILL),
    ]


def _title(deployment: "Deployment", region: str) -> str:
    what = f"Stage {deployment.stage} on {deployment.compute}, search {deployment.search}, {deployment.films:,} films"
    hits = deployment.hits / deployment.recommendations if deployment.recommendations else 0.0
    cache = f"cache: {deployment.cache}, {hits:.0%} of responses from it" if hits else f"cache: {deployment.cache}"
    return f"{what}, {cache}; {region}, US dollars per month"


def _bill(bill: "Bill") -> list[str]:
    """Return one bill, line by line; a question mark where the price is unconfirmed."""
    rows = [
        (
            line.service, line.what, _count(line.units), line.price.unit, "" if line.price.verified else "?",
            _money(line.usd),
        )
        for line in bill.lines
    ]  # fmt: skip
    return table(("service", "for", "units", "of", "", "USD"), [*rows, ("total", "", "", "", "", _money(bill.total))])


def _bills(loads: list[float], bills: list["Bill"]) -> list[str]:
    """Return a table with a column per load and a row per service."""
    sums = [bill.by_service() for bill in bills]
    services = dict.fromkeys(service for each in sums for service in each)
    rows = [(service, *(_money(each.get(service, 0.0)) for each in sums)) for service in services]
    rows.append(("total", *(_money(bill.total) for bill in bills)))
    return table(("service", *(_load(rps) for rps in loads)), rows)


def _savings(headings: list[str], savings: list[list["Saving"]]) -> list[str]:
    """Return a table of the savings among the three largest under any load: amounts, the setting, and the drawback."""
    best = {saving.change: saving for each in savings for saving in each[:SAVINGS]}
    if not best:
        return ["There is nothing worth switching off."]
    amounts: list[Mapping[str, float]] = [{saving.change: saving.usd for saving in each} for each in savings]
    rows = [
        (change, *(_money(each.get(change, 0.0)) for each in amounts), saving.how, saving.price)
        for change, saving in best.items()
    ]
    return table(("saving, each on its own", *headings, "setting", "drawback"), rows)


def _price_notes(bills: list["Bill"], prices: "PriceList") -> list[str]:
    """Return how old the prices are, and which of them are unconfirmed."""
    prices_used = {line.price.name: line.price for bill in bills for line in bill.lines}
    unconfirmed = [price for price in prices_used.values() if not price.verified]
    lines = [
        f"Prices reviewed on {prices.checked}; the oldest figure is from {min(p.as_of for p in prices_used.values())}."
    ]
    if unconfirmed:
        lines.append("Unconfirmed list prices, check before relying on them (?):")
        lines += [f"  {p.page}: {p.usd:g} USD for 1 {p.unit}{'; ' * bool(p.remark)}{p.remark}" for p in unconfirmed]
    return lines


def _load(rps: float) -> str:
    return f"{rps:g} rps" if rps else "idle"


def _money(usd: float) -> str:
    return f"{usd:,.2f}"


def _count(units: float) -> str:
    return f"{units:,.0f}" if units >= 100 else f"{units:.2f}"
