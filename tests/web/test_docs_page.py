"""The API reference in a real browser: it shows the API, loads nothing from other hosts and respects its policy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser

from tests.api.fakes import fake_app
from tests.patience import PATIENCE_S, wait_for

pytestmark = pytest.mark.browser


@contextmanager
def served() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(fake_app(), port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, "the server")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def test_it_shows_the_api_and_loads_nothing_foreign(browser: Browser) -> None:
    faults: list[str] = []
    urls: list[str] = []
    with served() as address:
        context = browser.new_context()
        context.set_default_timeout(1_000 * PATIENCE_S)
        page = context.new_page()
        page.on("request", lambda request: urls.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(f"{address}/docs")
        page.wait_for_selector(".opblock")
        page.locator("#operations-recommend-recommend_recommend_post, .opblock-post").first.click()
        page.wait_for_selector(".opblock-body")
        context.close()
    assert faults == []
    assert [url for url in urls if not url.startswith((address, "data:"))] == []
