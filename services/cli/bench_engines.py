"""``marquee bench`` on real servers: which it may use, and what it says of them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.console import table
from services.cli.failures import Misused

if TYPE_CHECKING:
    from services.settings import Settings


class SearchChoice(StrEnum):
    """Who searches."""

    EMBEDDED = "embedded"
    OPENSEARCH = "opensearch"


class StateChoice(StrEnum):
    """Who keeps people and cached answers."""

    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"


SearchOption = Annotated[
    SearchChoice, typer.Option(help="opensearch: load an index of the run's own at OPENSEARCH_ENDPOINT and search it.")
]
StateOption = Annotated[
    StateChoice, typer.Option(help="dynamodb: keep people in tables of the run's own at DDB_ENDPOINT.")
]

_START = "`make servers` starts a local one and prints the setting"


def settings_of_run(settings: "Settings", search: SearchChoice, state: StateChoice) -> "Settings":
    """The settings with these engines. Raises Misused for a server that is not named, and for one in an AWS account:
    the bench makes an index and tables and removes them.
    """
    from data_jobs.bench import engines

    opensearch, dynamodb = search is SearchChoice.OPENSEARCH, state is StateChoice.DYNAMODB
    if opensearch:
        _check_search(settings)
    if dynamodb:
        _check_state(settings.ddb_endpoint)
    return engines.settings_of_run(settings, opensearch=opensearch, dynamodb=dynamodb)


def _check_search(settings: "Settings") -> None:
    target = settings.opensearch
    if target is None:
        raise Misused(f"OPENSEARCH_ENDPOINT is not set: --search opensearch needs a server to load and ask; {_START}")
    if target.signs:
        raise Misused(
            f"OPENSEARCH_ENDPOINT = {target.endpoint!r} belongs to an AWS account, in which the bench makes no index; "
            f"{_START}"
        )


def _check_state(endpoint: str | None) -> None:
    if endpoint is None:
        raise Misused(f"DDB_ENDPOINT is not set: --state dynamodb makes tables, and never in an account; {_START}")
    if not endpoint.startswith("http://"):
        raise Misused(
            f"DDB_ENDPOINT = {endpoint!r}: --state dynamodb makes tables, and only on a local server, by plain http; "
            f"{_START}"
        )


def remarks(engines: Mapping[str, str]) -> list[str]:
    """A word on figures that depend on other processes; nothing where all is embedded."""
    remote = sorted({SearchChoice.OPENSEARCH.value, StateChoice.DYNAMODB.value} & set(engines.values()))
    if not remote:
        return []
    shared = "Servers on this machine share its cores: times on the clock and waiting are for orientation only"
    return [f"With {' and '.join(remote)}. {shared}; CPU is that of Marquee's own process, its clients included."]


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """The index and the units as tables; nothing where all is embedded."""
    return [*_index(document["index"]), *_units(document["units"])]


def _index(index: Mapping[str, Any]) -> list[str]:
    return (
        ["", f"index loaded, counted and probed: {index['films']:,} films in {index['seconds']:.1f} s"] if index else []
    )


def _units(units: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Read and write units by number of events."""
    if not units:
        return []
    parts = [(what, kind) for what in ("uncached", "cached", "feedback") for kind in ("read", "write")]
    headings = (f"{what}, {kind}" for what, kind in parts)
    rows = [(events, *(f"{costs[what][kind]:g}" for what, kind in parts)) for events, costs in units.items()]
    reported = "As the server reports them. DynamoDB Local counts a transaction twice over: AWS bills half the writes."
    return ["", *table(("DynamoDB units; events", *headings), rows), reported]
