"""Result of one check of ``marquee doctor``, and the report of all of them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import typer

from services.cli.console import ExitCode, Output, table


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``state``: ok, note (works without), missing (cannot serve). ``advice``: how to fix it."""

    part: str
    state: str
    found: str
    advice: str = ""


def report(checks: Iterable[Check], output: Output, *, good: str, bad: str) -> None:
    """Print the results and exit, with code 3 if something is missing."""
    results = list(checks)
    rows = [(check.state, check.part, check.found) for check in results]
    advice = [f"{check.part}: {check.advice}" for check in results if check.advice]
    lines = [*table(("", "part", "found"), rows), *(["", *advice] if advice else [])]
    ready = all(check.state != "missing" for check in results)
    lines += ["", good if ready else bad]
    output.result({"ready": ready, "checks": [asdict(check) for check in results]}, lines)
    raise typer.Exit(ExitCode.OK if ready else ExitCode.UNAVAILABLE)
