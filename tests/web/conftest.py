"""A real browser for the page, if there is one; otherwise its tests are skipped with the reason."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.patience import PATIENCE_S
from tests.web.tools import Missing, find_chromium, install_axe

T = TypeVar("T")
# Chromium's sandbox needs permissions that containers lack; the browser opens only local pages and sends no requests
# elsewhere.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium; skipped without it")


def needed(find: Callable[[], T]) -> T:
    """Return what ``find`` returns; skip the test if it is missing."""
    try:
        return find()
    except Missing as error:
        pytest.skip(str(error))


# Module scope: while it runs, this thread can run no other event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = needed(find_chromium)
    with sync_playwright() as playwright:
        # Not Playwright's own download: the tests use the installed browser.
        started = playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=1_000 * PATIENCE_S)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return needed(install_axe).read_text("utf-8")
