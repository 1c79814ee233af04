"""Findings of an attack: a promise, a figure, and whether the promise held."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """``figure``: the measured result, in words."""

    promise: str
    figure: str
    held: bool


Attack = Callable[[], Iterable[Finding]]


def say(line: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(attacks: dict[str, Attack], names: list[str]) -> int:
    """Run the attacks one after another and print their findings. Returns the number of broken promises."""
    broken = 0
    for name, attack in attacks.items():
        if names and name not in names:
            continue
        began = time.monotonic()
        say(f"{name}:")
        for finding in attack():
            broken += not finding.held
            say(f"  {'held  ' if finding.held else 'BROKEN'}  {finding.promise}: {finding.figure}")
        say(f"  ({time.monotonic() - began:.0f} s)")
    say(f"{broken} promises broken" if broken else "every promise held")
    return broken
