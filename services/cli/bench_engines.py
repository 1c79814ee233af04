"""``marquee bench`` against real servers: which are allowed, and how their figures are reported."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.console import table
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from services.settings import Settings


class EngineChoice(StrEnum):
    """Search engine to measure."""

    EMBEDDED = "embedded"
    OPENSEARCH = "opensearch"


class StateChoice(StrEnum):
    """State store to measure."""

    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"


SearchOption = Annotated[
    EngineChoice, typer.Option(help="opensearch: create a temporary index at OPENSEARCH_ENDPOINT and search it.")
]
StateOption = Annotated[StateChoice, typer.Option(help="dynamodb: keep people in temporary tables at DDB_ENDPOINT.")]

_START = "`make servers` starts a local server and prints the setting"


def settings_of_run(settings: "Settings", search: EngineChoice, state: StateChoice) -> "Settings":
    """Return the settings with these engines. Raises Misused for a server that is not configured and for one in an AWS
    account: the benchmark creates an index and tables and removes them.
    """
    from data_jobs.bench import engines

    opensearch, dynamodb = search is EngineChoice.OPENSEARCH, state is StateChoice.DYNAMODB
    if opensearch:
        _check_search(settings)
    if dynamodb:
        _check_state(settings.ddb_endpoint)
    return engines.settings_of_run(settings, opensearch=opensearch, dynamodb=dynamodb)


def _check_search(settings: "Settings") -> None:
    target = settings.opensearch
    if target is None:
        raise Misused(f"OPENSEARCH_ENDPOINT is not set: --search opensearch needs a server; {_START}")
    if target.signs:
        raise Misused(
            f"OPENSEARCH_ENDPOINT = {target.endpoint!r} is in an AWS account, where the benchmark creates no index; "
            f"{_START}"
        )


def _check_state(endpoint: str | None) -> None:
    if endpoint is None:
        raise Misused(f"DDB_ENDPOINT is not set: --state dynamodb creates tables, only on a local server; {_START}")
    if not endpoint.startswith("http://"):
        raise Misused(
            f"DDB_ENDPOINT = {endpoint!r}: --state dynamodb creates tables, only on a local server over plain http; "
            f"{_START}"
        )


def remarks(engines: Mapping[str, str]) -> list[str]:
    """Return a caveat on figures that depend on other processes; empty if everything is embedded."""
    remote = sorted({EngineChoice.OPENSEARCH.value, StateChoice.DYNAMODB.value} & set(engines.values()))
    if not remote:
        return []
    shared = "Servers on this machine share its cores: wall-clock and waiting times are only indicative"
    return [f"With {' and '.join(remote)}. {shared}; CPU time is Marquee's own, including its clients."]


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """Return the index and the units as tables; empty if everything is embedded."""
    return [*_index(document["index"]), *_units(document["units"])]


def _index(index: Mapping[str, Any]) -> list[str]:
    return (
        ["", f"index loaded, counted and probed: {index['films']:,} films in {index['seconds']:.1f} s"] if index else []
    )


def _units(units: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Return read and write units by number of events as a table."""
    if not units:
        return []
    parts = [(what, kind) for what in ("uncached", "cached", "feedback") for kind in ("read", "write")]
    headings = (f"{what}, {kind}" for what, kind in parts)
    rows = [(events, *(f"{costs[what][kind]:g}" for what, kind in parts)) for events, costs in units.items()]
    reported = "As reported by the server. DynamoDB Local counts transactions twice: AWS bills half the writes."
    return ["", *table(("DynamoDB units; events", *headings), rows), reported]
