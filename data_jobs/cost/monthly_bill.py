"""Compute the bill of a deployment, and possible savings."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from data_jobs.cost.bill import Bill
from data_jobs.cost.computing import compute_lines, edge_lines
from data_jobs.cost.deployment import Cache, ComputeKind, Deployment, SearchKind, TwoTowerKind
from data_jobs.cost.models import explain_lines, two_tower_lines
from data_jobs.cost.operating import operation_lines
from data_jobs.cost.prices import PriceList
from data_jobs.cost.storing import storage_lines

NOT_IN_THE_BILL = (
    "taxes, support plans, savings plans, the free tier, volume discounts",
    "a domain (Route 53), AWS Config, GuardDuty or other services of the account",
    "SNS, SQS, EventBridge, Budgets, the guard of the HTTP API, Logs Insights queries: cents at this scale",
    "traces, if a collector is set: priced by span",
    "Container Insights and flow logs on Fargate",
    "a guardrail in front of the model that writes explanations; templates cost bytes only",
    "provisioning for peaks: requests are assumed to be spread evenly over the month",
)
# Smaller savings are not listed, dollars per month.
_LEAST_USD = 0.05
_QUIET_CANARY_MINUTES = 15
# Where the firewall is switched off.
_FIREWALL = {
    ComputeKind.LAMBDA: "web_acl_id in infra/constructs/cdn.py",
    ComputeKind.FARGATE: "FirewallOfBalancer in infra/constructs/fargate.py",
}


@dataclass(frozen=True, slots=True)
class Saving:
    """A change, how to make it, what it gives up, and what it saves in US dollars per month."""

    change: str
    how: str
    price: str
    usd: float


def bill_of(deployment: Deployment, prices: PriceList) -> Bill:
    """Return the bill of a month."""
    return Bill.of(
        line
        for lines in (compute_lines, edge_lines, storage_lines, explain_lines, two_tower_lines, operation_lines)
        for line in lines(deployment, prices)
    )


def savings_of(deployment: Deployment, prices: PriceList) -> list[Saving]:
    """Return what each change saves by itself, largest first; negligible ones are left out."""
    total = bill_of(deployment, prices).total
    savings = [
        Saving(change, how, price, total - bill_of(changed, prices).total)
        for change, how, price, changed in _changes(deployment)
    ]
    return sorted((saving for saving in savings if saving.usd >= _LEAST_USD), key=lambda saving: -saving.usd)


def _changes(now: Deployment) -> Iterator[tuple[str, str, str, Deployment]]:
    """Yield possible changes: name, how to make it, drawback, and the changed deployment. Some may have no effect."""
    yield from _search_changes(now)
    yield from _cache_changes(now)
    yield (
        "explanations by template", "leave explain_model out", "less varied explanations",
        replace(now, explain_model=False),
    )  # fmt: skip
    yield (
        "two-tower model in the bundle", "-c two_tower=off", "the vectors in the bundle answer in its place",
        replace(now, two_tower=TwoTowerKind.OFF),
    )  # fmt: skip
    yield (
        f"canary every {_QUIET_CANARY_MINUTES} minutes", "EVERY_MIN in infra/constructs/canary.py",
        "outages are noticed later", replace(now, canary_minutes=max(now.canary_minutes, _QUIET_CANARY_MINUTES)),
    )  # fmt: skip
    yield (
        "no firewall", _FIREWALL[now.compute],
        "no limit per address, no rules against known attacks", replace(now, firewall=False),
    )  # fmt: skip
    if now.compute is ComputeKind.LAMBDA:
        yield (
            "no SnapStart", "snap_start in infra/constructs/api.py",
            "the first response of a new environment takes about a second longer", replace(now, snapstart=False),
        )  # fmt: skip
        yield (
            "arm64", "-c architecture=arm64", "images are built on arm64", replace(now, architecture="arm64")
        )  # fmt: skip
        yield "Fargate", "-c compute=fargate", "servers to operate", replace(now, compute=ComputeKind.FARGATE)
    else:
        yield "Lambda", "-c compute=lambda", "first responses are slower", replace(now, compute=ComputeKind.LAMBDA)


def _cache_changes(now: Deployment) -> Iterator[tuple[str, str, str, Deployment]]:
    """Yield changes of the cache, which pays off if the work it saves costs more than a write."""
    if now.cache is not Cache.DEAR:
        yield (
            "cache expensive responses only", "CACHE_ANSWERS=dear", "repeated taste-only requests are ranked again",
            replace(now, cache=Cache.DEAR),
        )  # fmt: skip
    if now.cache is not Cache.NONE:
        yield (
            "no response cache", "CACHE_TTL_SECS=0", "repeated searches query OpenSearch again",
            replace(now, cache=Cache.NONE),
        )  # fmt: skip


def _search_changes(now: Deployment) -> Iterator[tuple[str, str, str, Deployment]]:
    if now.search is SearchKind.EMBEDDED:
        return
    if now.search is SearchKind.CLASSIC:
        yield (
            "NextGen instead of Classic", "-c classic_search=false", "a new collection, indexed again",
            replace(now, search=SearchKind.OPENSEARCH),
        )  # fmt: skip
    else:
        yield (
            "search OCU may fall to 0", "-c search_ocu_min=0",
            "after ten idle minutes search is embedded for 10 to 30 s", replace(now, search_ocu_min=0),
        )  # fmt: skip
    yield (
        "no OpenSearch", "-c search=embedded", "search is embedded in every process",
        replace(now, search=SearchKind.EMBEDDED),
    )  # fmt: skip
