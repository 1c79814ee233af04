"""Without the servers, or without a registry, CI fails; elsewhere the test is skipped."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import pytest

from tests.servers.errors import CannotRun

T = TypeVar("T")


def required(install: Callable[[], T], environment: Mapping[str, str]) -> T:
    """What ``install`` returns. If it raises CannotRun, raises it if ``CI`` is true, else skips the test."""
    try:
        return install()
    except CannotRun as error:
        if environment.get("CI", "").lower() in {"true", "1"}:
            raise
        pytest.skip(str(error))


def skip_lines(reports: Iterable[pytest.TestReport]) -> list[str]:
    """One line per reason, the most frequent first: ``14 skipped: the servers need a JDK ...``."""
    reasons: Counter[str] = Counter()
    for report in reports:
        if isinstance(report.longrepr, tuple):
            reasons[report.longrepr[2].removeprefix("Skipped: ").replace("\n", " ")] += 1
    return [f"{count} skipped: {reason}" for reason, count in reasons.most_common()]
