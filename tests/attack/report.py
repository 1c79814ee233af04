"""What an attack found: a promise, a figure, and whether the promise held."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """``figure``: what was counted or measured, in words."""

    promise: str
    figure: str
    held: bool


Attack = Callable[[], Iterable[Finding]]


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(attacks: dict[str, Attack], wanted: list[str]) -> int:
    """Run them one after another and print what they found; the number of broken promises."""
    broken = 0
    for name, attack in attacks.items():
        if wanted and name not in wanted:
            continue
        began = time.monotonic()
        say(f"{name}:")
        for finding in attack():
            broken += not finding.held
            say(f"  {'held  ' if finding.held else 'BROKEN'}  {finding.promise}: {finding.figure}")
        say(f"  ({time.monotonic() - began:.0f} s)")
    say(f"{broken} promises broken" if broken else "every promise held")
    return broken
