"""The page of `marquee evaluate --compare` in a real browser: accessible, light and dark, wide and narrow."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from data_jobs.evaluate.compare.page import page
from tests.data_jobs.evaluate.compare.handmade import comparison
from tests.patience import PATIENCE_S
from tests.web.test_browser import RULES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_and_sends_no_requests(
    browser: Browser, axe: str, tmp_path: Path, width: int, scheme: str
) -> None:
    path = tmp_path / "compare.html"
    path.write_text(page(comparison()), encoding="utf-8")
    faults: list[str] = []
    urls: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    context.set_default_timeout(1_000 * PATIENCE_S)
    opened = context.new_page()
    opened.on("request", lambda request: urls.append(request.url))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.goto(path.as_uri())
    opened.evaluate(axe)
    violated_rules = opened.evaluate("rules => axe.run({runOnly: rules})", RULES)["violations"]
    assert [f"{rule['id']}: {node['target']}" for rule in violated_rules for node in rule["nodes"]] == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.locator("svg").count() == 8
    assert opened.locator(".person").count() == 3
    context.close()
    assert faults == []
    assert urls == [path.as_uri()]
