"""Output conventions of every verb: results on stdout, progress and errors on stderr, one table of exit codes."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

import typer

from data_jobs.report import Progress, Silent

# C0 except tab and line feed, DEL and C1.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ExitCode(IntEnum):
    """Exit codes that shell scripts may rely on."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3


EXIT_CODES = (
    "Exit codes: 0 success; 1 failure or invalid data; 2 wrong usage or setting; "
    "3 something required is missing or does not respond (a bundle, the state store, the network)."
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@dataclass(frozen=True, slots=True)
class Output:
    """Destination of a verb's results; ``as_json``: one JSON document on stdout and nothing else."""

    as_json: bool = False

    def result(self, document: object, lines: Iterable[str]) -> None:
        """Print the result: the document under ``--json``, otherwise its lines of text."""
        if self.as_json:
            sys.stdout.write(escaped(json.dumps(document, ensure_ascii=False, indent=2, default=str), "\\u") + "\n")
        else:
            sys.stdout.writelines(f"{escaped(line)}\n" for line in lines)
        sys.stdout.flush()

    def say(self, line: str) -> None:
        """Print a status line on stderr, unless under ``--json``."""
        if not self.as_json:
            sys.stderr.write(f"{escaped(line)}\n")
            sys.stderr.flush()

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show a progress bar per step on stderr; nothing without a terminal or under ``--json``."""
        if self.as_json or not sys.stderr.isatty():
            yield Silent()
            return
        from services.cli.progress_bars import bars

        with bars() as progress:
            yield progress


def escaped(text: str, prefix: str = "\\x") -> str:
    """Return the text with control characters escaped, so that stored text cannot control the terminal."""
    digits = 4 if prefix == "\\u" else 2
    return _CONTROLS.sub(lambda control: f"{prefix}{ord(control.group()):0{digits}x}", text)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a plain table as lines: padded columns, numbers right-aligned."""
    cells = [[str(cell) for cell in row] for row in rows]
    right = [all(_is_number(row[at]) for row in cells) and bool(cells) for at in range(len(headings))]
    widths = [max(len(heading), *(len(row[at]) for row in cells), 0) for at, heading in enumerate(headings)]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        )
        return "  ".join(padded).rstrip()

    return [line(headings), *(line(row) for row in cells)]


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "").rstrip("%s"))
    except ValueError:
        return False
    return True
