"""A real browser for the page, where there is one; else its tests are skipped and say what is missing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs playwright and chromium; skipped without them")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (uv pip install playwright)")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is on PATH (apt-get install chromium)")
    with api.sync_playwright() as playwright:
        # Chromium's own sandbox needs rights that containers do not have; it opens nothing but this page here.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core: a file named by AXE_CORE, else what npm put into .tools."""
    file = Path(os.environ.get("AXE_CORE") or ROOT / ".tools/node_modules/axe-core/axe.min.js")
    if not file.is_file():
        pytest.skip("axe-core is not installed (npm install --prefix .tools axe-core, or set AXE_CORE to axe.min.js)")
    return file.read_text("utf-8")
