"""The page in a real browser, with a stand-in for the API; axe-core checks accessibility."""

import json
import shlex
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from services.api.app.schemas.models import FeedbackBody, RecommendBody
from tests.patience import PATIENCE_S, eventually, wait_for
from tests.web.fake_api import FILMS, FakeApi, Problem, served

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Elements that the page removes after some seconds stay: a slow machine may not have looked at them by then.
NOTHING_DISAPPEARS = """
const soon = window.setTimeout;
window.setTimeout = (act, ms, ...rest) => (ms >= 1000 ? 0 : soon(act, ms, ...rest));
"""
HOSTILE = "<b>Mark & Up</b>"

Opener = Callable[..., Page]


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def opened(browser: Browser, api: FakeApi) -> Iterator[Opener]:
    """Open the page; at the end it must have no errors and no requests to other hosts."""
    faults: list[str] = []
    foreign: list[str] = []
    contexts = []
    with served(api) as address:

        def open_page(width: int = 1280, scheme: str = "dark", wait: str = ".film") -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
            )
            context.set_default_timeout(1_000 * PATIENCE_S)
            context.add_init_script(NOTHING_DISAPPEARS)
            contexts.append(context)
            page = context.new_page()
            page.route("https://**", lambda route: (foreign.append(route.request.url), route.abort()))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: faults.append(message.text) if "Policy" in message.text else None)
            page.goto(address)
            page.wait_for_selector(wait)
            return page

        yield open_page
        for context in contexts:
            context.close()
    assert faults == []
    assert [url for url in foreign if not url.startswith("https://image.tmdb.org/")] == []
    for body in api.bodies:
        RecommendBody.model_validate(body)
    for body in api.feedback_seen:
        FeedbackBody.model_validate(body)


def titles(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#films .poster-title").all_text_contents()]


def press(page: Page, action: str, title: str) -> None:
    """Click a card's button and wait for the new list."""
    card = page.locator(".film", has=page.get_by_role("heading", name=title, exact=True))
    with page.expect_response("**/recommend"):
        card.locator(f'[data-action="{action}"]').click()
    page.wait_for_selector('#results:not([aria-busy="true"])')


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_the_page_is_accessible(opened: Opener, axe: str, width: int, scheme: str) -> None:
    page = opened(width, scheme)
    page.evaluate(axe)

    def violations() -> list[str]:
        violated_rules = page.evaluate("rules => axe.run({runOnly: rules})", RULES)["violations"]
        return [f"{rule['id']}: {node['target']}" for rule in violated_rules for node in rule["nodes"]]

    assert violations() == []
    if width == 390:
        page.click("#panel-toggle")
    press(page, "like", "Heat")
    page.click("#filters summary")
    page.check("#explain")
    page.wait_for_selector(".explained .signals")
    page.click(".wire > summary")
    assert violations() == []
    page.locator('.film [data-action="similar"]').first.click()
    page.wait_for_selector("#similar li")
    assert violations() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_like_changes_the_list_and_can_be_undone(opened: Opener, api: FakeApi) -> None:
    page = opened()
    before = titles(page)
    press(page, "like", "Heat")
    assert "Heat" not in titles(page)
    assert titles(page) != [title for title in before if title != "Heat"], "films like it rise"
    assert page.locator(".badge").count() > 0
    assert "moved" in page.text_content("#announce")
    assert "personal" in page.text_content("#facts")
    assert "Heat" in page.text_content("#taste")
    assert api.feedback_seen[-1]["recommendation_id"] == "r1"
    with page.expect_response("**/recommend"):
        page.click("#undo")
    page.wait_for_selector('#results:not([aria-busy="true"])')
    assert titles(page) == before
    assert [body["event"] for body in api.feedback_seen] == ["like", "clear"]
    assert page.is_visible("#taste-empty")


@pytest.mark.parametrize(("action", "word"), [("dislike", "Not for you"), ("watch", "Seen")])
def test_not_for_me_and_seen_remove_the_film(opened: Opener, api: FakeApi, action: str, word: str) -> None:
    page = opened()
    press(page, action, "Psycho")
    assert "Psycho" not in titles(page)
    assert word in page.text_content("#toast-text")
    assert api.feedback_seen[-1]["event"] == action


def test_after_a_button_the_focus_stays_in_its_place(opened: Opener) -> None:
    page = opened()
    page.locator('.film:nth-child(3) [data-action="like"]').focus()
    with page.expect_response("**/recommend"):
        page.keyboard.press("Enter")
    page.wait_for_selector(".film:nth-child(3) [data-action=like]:focus")


def test_type_ahead_by_keyboard(opened: Opener, api: FakeApi) -> None:
    page = opened()
    page.focus("#add")
    page.keyboard.type("fa")
    page.wait_for_selector("#add-list [role=option]")
    assert page.get_attribute("#add", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#add", "aria-activedescendant") == "add-0"
    with page.expect_response("**/recommend"):
        page.keyboard.press("Enter")
    assert api.feedback_seen[-1]["item_id"] == next(
        film["item_id"] for film in FILMS if film["title"] == "The Godfather"
    )
    assert page.is_hidden("#add-list")
    page.keyboard.type("zzz")
    page.wait_for_selector("#add-list .none")
    page.keyboard.press("Escape")
    assert page.is_hidden("#add-list")


def test_words_filters_and_variety_are_sent(opened: Opener, api: FakeApi) -> None:
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("coppola")
    with page.expect_response("**/recommend"):
        page.keyboard.press("Enter")
    assert api.bodies[-1]["query"] == "coppola"
    page.click("#filters summary")
    page.get_by_role("button", name="Crime: any").click()
    page.get_by_role("button", name="Comedy: any").dblclick()
    page.fill("#year-from", "1970")
    page.fill("#runtime-to", "180")
    page.select_option("#language", "en")
    page.locator("#diversity").fill("0.5")
    page.locator("#diversity").dispatch_event("change")
    # They may have been sent one by one or all at once.
    request = eventually(lambda: api.bodies[-1], lambda body: body.get("diversity") == 0.5, "the variety to be sent")
    assert request["filters"] == {
        "genres": ["Crime"], "not_genres": ["Comedy"], "year_from": 1970, "runtime_to": 180, "languages": ["en"],
    }  # fmt: skip
    page.wait_for_selector(".film:nth-child(2):last-child")
    assert set(titles(page)) == {"The Godfather", "Heat"}
    page.click("#reset")
    wait_for(lambda: "filters" not in api.bodies[-1], "a request without filters")


def test_understood_conditions_can_be_removed(opened: Opener, api: FakeApi) -> None:
    page = opened()
    page.fill("#query", "crime boss 90s")
    page.press("#query", "Enter")
    page.wait_for_selector("#understood li")
    assert page.locator("#understood li").all_text_contents() == ["Crime", "1990s (too few films)"]
    assert page.is_hidden("#matched")
    with page.expect_response("**/recommend"):
        page.get_by_role("button", name="Remove: Crime").click()
    assert api.bodies[-1]["ignore_conditions"] == ["genre:crime"]
    page.wait_for_selector("#understood li:only-child")
    page.fill("#query", "crime boss")
    with page.expect_response("**/recommend"):
        page.press("#query", "Enter")
    assert "ignore_conditions" not in api.bodies[-1]


def test_a_query_without_matches_shows_a_notice(opened: Opener) -> None:
    page = opened()
    assert page.is_hidden("#matched")
    page.fill("#query", "nonsense")
    page.press("#query", "Enter")
    page.wait_for_selector("#matched", state="visible")
    assert page.text_content("#matched") == "Nothing matches; showing the closest or the most popular films."
    assert page.locator("#understood li").count() == 0


def test_nothing_fits(opened: Opener) -> None:
    page = opened()
    page.fill("#year-to", "1900")
    page.locator("#year-to").dispatch_event("change")
    page.wait_for_selector("#empty", state="visible")
    assert titles(page) == []


def test_titles_are_text(opened: Opener) -> None:
    page = opened()
    assert HOSTILE in titles(page)
    assert page.locator("#films b").count() == 0


def test_pages_follow_each_other(opened: Opener, api: FakeApi) -> None:
    api.films += [film | {"item_id": f"9{film['item_id']}", "title": f"{film['title']} again"} for film in FILMS]
    page = opened()
    assert len(titles(page)) == 20
    page.click("#more")
    page.wait_for_selector(".film:nth-child(24)")
    assert len(set(titles(page))) == 24
    assert page.is_hidden("#more")
    assert api.bodies[-1]["cursor"] == "20"


def test_the_curl_is_what_was_sent(opened: Opener, api: FakeApi) -> None:
    page = opened()
    page.fill("#query", "it's a heist")
    with page.expect_response("**/recommend"):
        page.keyboard.press("Enter")
    page.wait_for_selector('#curl:has-text("heist")', state="attached")
    command = page.evaluate("document.getElementById('curl').textContent")
    words = shlex.split(command)
    assert words[:3] == ["curl", "-X", "POST"]
    assert words[3].endswith("/recommend")
    assert json.loads(words[words.index("-d") + 1]) == api.bodies[-1]
    assert "retrieve" in page.evaluate("document.getElementById('timing').textContent")


def test_similar_films_in_the_panel(opened: Opener, api: FakeApi) -> None:
    page = opened()
    page.locator(".film", has_text="Vertigo").locator('[data-action="similar"]').click()
    page.wait_for_selector("#similar li")
    assert page.text_content("#sheet-title") == "Vertigo"
    assert "Alfred Hitchcock" in page.text_content("#sheet-people")
    page.locator("#similar button").first.click()
    page.wait_for_selector('#sheet-title:not(:text-is("Vertigo"))')
    with page.expect_response("**/recommend"):
        page.click('#sheet [data-action="like"]')
    assert page.is_hidden("#sheet")
    assert api.feedback_seen[-1]["event"] == "like"


def test_problems_in_plain_words(opened: Opener, api: FakeApi) -> None:
    page = opened()
    api.fail_with = Problem(503, "State unavailable", "the state store is locked", retry_after=2)
    page.fill("#query", "rain")
    page.keyboard.press("Enter")
    page.wait_for_selector("#problem", state="visible")
    text = page.text_content("#problem")
    assert "Temporarily unavailable" in text
    assert "Try again in 2 s." in text
    assert "the state store is locked" in text
    assert len(titles(page)) == len(FILMS), "the old list stays"
    page.click("#retry")
    page.wait_for_selector("#problem", state="hidden")


def test_a_degraded_answer_is_marked(opened: Opener, api: FakeApi) -> None:
    api.degraded = ["search: timed out"]
    page = opened()
    assert "degraded: search: timed out" in page.text_content("#facts")


def test_the_key_field_shows_only_where_a_key_is_needed(opened: Opener, api: FakeApi) -> None:
    assert opened().is_hidden("#key-form")
    api.api_key = "mq_test_key"
    page = opened(wait="#problem:not([hidden])")
    assert "requires an API key" in page.text_content("#problem")
    page.fill("#api-key", "mq_test_key")
    page.keyboard.press("Enter")
    page.wait_for_selector(".film")
    shown = page.evaluate("document.getElementById('curl').textContent")
    assert '"X-API-Key: $API_KEY"' in shown
    assert "mq_test_key" not in shown


def choose(page: Page, name: str, content: bytes) -> None:
    """Open the dialog, and send a file."""
    page.locator("#bring").click()
    page.locator("#history-file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.locator("#bring-dialog button[type=submit]").press("Enter")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_a_history_is_imported_and_unmatched_films_are_listed(
    opened: Opener, api: FakeApi, axe: str, width: int, scheme: str
) -> None:
    page = opened(width, scheme)
    page.evaluate(axe)
    if width == 390:
        page.click("#panel-toggle")
    before = titles(page)
    choose(page, "ratings.csv", b"Name,Year,Letterboxd URI")
    page.wait_for_selector("#missed:not([hidden])")
    assert page.locator("#imported").inner_text() == "Letterboxd: 1 film imported. 2 films could not be matched:"
    assert api.imported == [(api.bodies[0]["user_id"], "ratings.csv")]
    listed = page.locator("#missed li").all_inner_texts()
    assert listed[0].startswith("<b>Emma</b> (1996): possibly ")
    assert listed[1] == "Nobody knows"
    violated_rules = page.evaluate("rules => axe.run({runOnly: rules})", RULES)["violations"]
    assert [f"{rule['id']}: {node['target']}" for rule in violated_rules for node in rule["nodes"]] == []
    page.keyboard.press("Escape")
    wait_for(lambda: titles(page) != before, "the list to change")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_unknown_file_is_refused_and_another_can_be_sent(opened: Opener, api: FakeApi) -> None:
    page = opened()
    choose(page, "x.csv", b"nothing")
    page.wait_for_selector("#import-failed:not([hidden])")
    assert "not a known export" in page.locator("#import-failed").inner_text()
    page.keyboard.press("Escape")
    choose(page, "ratings.csv", b"Name,Year,Letterboxd URI")
    page.wait_for_selector("#missed:not([hidden])")
    assert page.locator("#import-failed").is_hidden()


def test_a_demo_person_and_erasing_ones_own_data(opened: Opener, api: FakeApi) -> None:
    page = opened()
    visitor = api.bodies[-1]["user_id"]
    press(page, "like", "Fargo")
    with page.expect_response("**/recommend"):
        page.select_option("#person", "ada")
    assert api.bodies[-1]["user_id"] == "ada"
    assert page.is_hidden("#erase"), "a demo person's history is not the visitor's to erase"
    with page.expect_response("**/recommend"):
        page.select_option("#person", "")
    page.click("#erase")
    page.get_by_role("button", name="Keep").click()
    assert visitor in api.opinions
    page.click("#erase")
    with page.expect_response("**/recommend"):
        page.get_by_role("button", name="Erase", exact=True).click()
    assert visitor not in api.opinions
    assert api.bodies[-1]["user_id"] != visitor
    assert page.is_visible("#taste-empty")


def test_posters_are_loaded_only_when_switched_on(opened: Opener, api: FakeApi) -> None:
    api.films[0] = api.films[0] | {"poster_path": "/kid.jpg"}
    api.films[1] = api.films[1] | {"poster_path": "/../evil.svg?x"}
    page = opened()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    press(page, "watch", "Heat")
    assert not [url for url in urls if "tmdb" in url or "/films/" in url]
    with page.expect_request("https://image.tmdb.org/**") as request:
        page.check("#posters")
    assert request.value.url == "https://image.tmdb.org/t/p/w342/kid.jpg"
    page.wait_for_load_state("networkidle")
    assert [url for url in urls if "tmdb" in url] == [request.value.url]


def test_how_moves_are_counted(opened: Opener) -> None:
    page = opened()
    count = """async ([before, after]) => {
        const { moves } = await import("./motion.js");
        return Object.fromEntries(moves(before, after));
    }"""
    assert page.evaluate(count, [["a", "b", "c"], ["b", "c"]]) == {}, "closing a gap is no rise"
    assert page.evaluate(count, [["a", "b", "c"], ["c", "b", "d"]]) == {"c": 1, "b": -1, "d": "new"}
    assert page.evaluate(count, [[], ["a"]]) == {"a": "new"}


def test_server_timing_is_read(opened: Opener) -> None:
    page = opened()
    read = 'async (header) => (await import("./api.js")).serverTiming(header)'
    assert page.evaluate(read, 'rank;desc="a";dur=1.5, cache, total;dur=9') == [
        {"name": "rank", "ms": 1.5},
        {"name": "total", "ms": 9},
    ]
    assert page.evaluate(read, None) == []
