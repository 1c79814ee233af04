"""The page's files, without a browser: nothing inline, external, dangling or large."""

import gzip
import re
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI

from services.api.app.pages import POLICY, install_pages
from tests.web.fake_api import WEB

HTML = (WEB / "index.html").read_text("utf-8")
SCRIPTS = {file.name: file.read_text("utf-8") for file in sorted(WEB.glob("*.js"))}
STYLES = {file.name: file.read_text("utf-8") for file in sorted(WEB.glob("*.css"))}
POSTER_HOST = "https://image.tmdb.org/"
SVG_NAMESPACE = "http://www.w3.org/2000/svg"
MAX_BYTES, MAX_SENT = 70_000, 26_000
# Loaded on demand.
LATER, MAX_LATER = "history.js", 3_500


class Page(HTMLParser):
    """Elements as (tag, attributes), and the text inside script and style."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self._open = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style") and data.strip():
            self.inline.append(data)

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]


PAGE = Page(HTML)
IDS = PAGE.values("id")


def test_nothing_is_inline() -> None:
    assert PAGE.inline == []
    assert not [tag for tag, _ in PAGE.elements if tag == "style"]
    assert not [name for _, attrs in PAGE.elements for name in attrs if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("source", [HTML, *SCRIPTS.values(), *STYLES.values()])
def test_nothing_comes_from_elsewhere_but_posters(source: str) -> None:
    foreign = [url for url in re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`)]*", source) if url != SVG_NAMESPACE]
    assert [url for url in foreign if not url.startswith(POSTER_HOST)] == []


def test_the_policy_lets_posters_in_and_nothing_else() -> None:
    assert "image.tmdb.org" in POLICY
    assert "unsafe" not in POLICY


@pytest.mark.parametrize("name", SCRIPTS)
def test_data_never_becomes_markup_or_code(name: str) -> None:
    risky = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|cssText"
    assert re.findall(risky, SCRIPTS[name]) == []
    assert '"style"' not in SCRIPTS[name]


def test_ids_are_unique() -> None:
    assert sorted(IDS) == sorted(set(IDS))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_id_in_the_scripts_is_on_the_page(name: str) -> None:
    used = set(re.findall(r"\$\(\"([\w-]+)\"\)", SCRIPTS[name]))
    listed = {
        name
        for names in re.findall(r"for \(const id of \[([^\]]+)\]\)", SCRIPTS[name])
        for name in re.findall(r"\"([\w-]+)\"", names)
    }
    assert used | listed <= set(IDS)


def test_every_reference_on_the_page_has_its_target() -> None:
    references = [part for name in ("for", "aria-controls", "aria-labelledby") for part in PAGE.values(name)]
    anchors = [href.removeprefix("#") for href in PAGE.values("href") if href.startswith("#")]
    assert set(references + anchors) <= set(IDS)


def test_every_icon_is_in_the_sprite() -> None:
    # The buttons' icons are named after their actions.
    used = {name for source in SCRIPTS.values() for name in re.findall(r"icon\(\"(\w+)\"\)", source)}
    actions = set(re.findall(r"\[\"(\w+)\", \"[A-Z]", SCRIPTS["cards.js"]))
    assert actions >= {"like", "dislike", "watch", "similar"}
    assert {f"i-{name}" for name in used | actions} <= set(IDS)


def test_every_input_has_a_label() -> None:
    labelled = set(PAGE.values("for"))
    bare = [
        attrs["id"]
        for tag, attrs in PAGE.elements
        if tag in ("input", "select") and attrs["id"] not in labelled and attrs.get("type") != "checkbox"
    ]
    assert bare == []
    boxes = [attrs["id"] for _, attrs in PAGE.elements if attrs.get("type") == "checkbox"]
    assert all(re.search(rf"<label[^>]*><input id=\"{box}\"", HTML) for box in boxes)


def test_the_page_says_its_language_and_scales() -> None:
    assert ("html", {"lang": "en"}) in PAGE.elements
    (viewport,) = [attrs["content"] for tag, attrs in PAGE.elements if attrs.get("name") == "viewport"]
    assert "user-scalable" not in viewport
    assert "maximum-scale" not in viewport


def _imports(source: str) -> list[tuple[list[str], str]]:
    imports = re.findall(r"import \{([^}]+)\} from \"\./([\w.]+)\";", source)
    return [([name.strip() for name in names.split(",")], file) for names, file in imports]


def _dynamic_imports(source: str) -> list[tuple[list[str], str]]:
    """Dynamic imports."""
    return [([name], file) for file, name in re.findall(r"\(await import\(\"\./([\w.]+)\"\)\)\.(\w+)", source)]


@pytest.mark.parametrize("name", SCRIPTS)
def test_imports_name_what_is_exported_and_used(name: str) -> None:
    source = SCRIPTS[name]
    assert source.count("import ") == len(_imports(source)), "every import is a named one of a file in the same folder"
    for names, file in _imports(source):
        for imported in names:
            assert re.search(rf"export (?:async )?(?:function|const|class) {re.escape(imported)}(?!\w)", SCRIPTS[file])
            assert len(re.findall(rf"(?<!\w){re.escape(imported)}(?!\w)", source)) > 1, f"{imported} is not used"


def test_every_export_is_imported() -> None:
    exported = {
        (file, name)
        for file, source in SCRIPTS.items()
        for name in re.findall(r"export (?:async )?(?:function|const|class) ([\w$]+)", source)
    }
    imported = {
        (file, name)
        for source in SCRIPTS.values()
        for names, file in (*_imports(source), *_dynamic_imports(source))
        for name in names
    }
    tested = {("api.js", "serverTiming")}
    assert exported - imported == tested


def test_every_style_is_used() -> None:
    """Each class in the style sheets is on the page or in a script."""
    sheets = re.sub(r"/\*.*?\*/", "", "".join(STYLES.values()), flags=re.S)
    selectors = re.findall(r"(?:^|[};,])\s*([^{};@]+)\{", sheets)
    classes = {name for selector in selectors for name in re.findall(r"\.([a-z][\w-]*)", selector)}
    sources = HTML + "".join(SCRIPTS.values())
    assert {name for name in classes if not re.search(rf"[\"` ]{name}[\"` ]", sources)} == set()


def test_each_file_is_served_and_each_link_leads_somewhere() -> None:
    served = install_pages(FastAPI(), WEB)
    files = {"/" if file.name == "index.html" else f"/{file.name}" for file in WEB.iterdir()}
    assert served == files
    own = {
        f"/{link}" for link in PAGE.values("href") + PAGE.values("src") if re.fullmatch(r"[\w.-]+\.(css|js|svg)", link)
    }
    assert own <= served
    imported = {f"/{file}" for source in SCRIPTS.values() for _, file in (*_imports(source), *_dynamic_imports(source))}
    assert imported | own | {"/"} == served


def test_links_are_relative_so_that_the_page_works_under_a_path() -> None:
    assert [link for link in PAGE.values("href") + PAGE.values("src") if link.startswith("/")] == []
    called = re.findall(r"call\(\"[A-Z]+\", [\"`]([^\"`$?]+)", "".join(SCRIPTS.values()))
    assert {path.rstrip("/") for path in called} == {"catalogue", "recommend", "feedback", "films", "similar", "users"}


def test_tmdb_and_movielens_are_credited() -> None:
    assert "This product uses TMDB data but is not endorsed or certified by TMDB" in HTML
    assert "MovieLens" in HTML


def test_the_page_is_light() -> None:
    contents = [file.read_bytes() for file in WEB.iterdir() if file.name != LATER]
    assert sum(map(len, contents)) < MAX_BYTES
    assert len((WEB / LATER).read_bytes()) < MAX_LATER
    assert f'from "./{LATER}"' not in "".join(SCRIPTS.values())
    assert sum(len(gzip.compress(content)) for content in contents) < MAX_SENT
