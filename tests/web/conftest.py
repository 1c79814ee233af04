"""A real browser for the page, where there is one; else its tests are skipped and say what is missing."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.patience import PATIENCE_S
from tests.web.tools import Missing, find_chromium, install_axe

T = TypeVar("T")
# Its own sandbox needs rights that containers do not have; it opens nothing but this page here, and asks nobody else.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium; skipped without it")


def needed(find: Callable[[], T]) -> T:
    """What was found; skips the test where it is missing."""
    try:
        return find()
    except Missing as error:
        pytest.skip(str(error))


# Of a module: while it runs, no other event loop can in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = needed(find_chromium)
    with sync_playwright() as playwright:
        # Playwright's own download is another browser than the one that is tested on.
        started = playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=1_000 * PATIENCE_S)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return needed(install_axe).read_text("utf-8")
