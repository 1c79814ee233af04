"""docs/faults.md: every test and attack that it names exists, and every attack is named."""

import re
from pathlib import Path

from tests.attack.__main__ import ATTACKS

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs/faults.md").read_text("utf-8")


def rows() -> list[list[str]]:
    """Rows of fault, promise, and the tests that prove it."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line[:2] == "| "]
    return [row for row in cells if row[0] not in ("fault", "---")]


def test_the_proof_of_every_promise_exists() -> None:
    named = [path for row in rows() for path in re.findall(r"`(tests/[\w./]+)`", row[2])]
    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert set(re.findall(r"attack `([\w-]+)`", TEXT)) == set(ATTACKS)


def test_every_fault_has_a_promise_with_a_proof_or_is_not_guarded() -> None:
    for fault, promise, shown in rows():
        assert promise, fault
        assert shown or "not guarded" in promise, fault
