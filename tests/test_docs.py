"""README, CONTRIBUTING and docs/: links work, every page is in the navigation, and the reference pages are complete.

`make docs` checks the links within docs/; these tests check the links of the other files.
"""

import ast
import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from services.cli.main import app
from services.recommender.signals import SIGNALS
from services.settings import Settings
from tests.api.fakes import fake_app

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FRONT = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


class _Loader(yaml.SafeLoader):
    """Ignores the Python functions that mkdocs.yml names."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", FRONT)
def test_every_link_of_a_front_page_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", (ROOT / name).read_text("utf-8")):
        path, _, anchor = target.partition("#")
        page = ROOT / path if path else ROOT / name
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), target


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def pages(nav: object) -> set[str]:
    match nav:
        case str():
            return {nav}
        case dict():
            return {page for part in nav.values() for page in pages(part)}
        case list():
            return {page for part in nav for page in pages(part)}
    raise AssertionError(nav)


def test_every_page_is_in_the_navigation_and_in_the_index() -> None:
    names = {path.name for path in DOCS.glob("*.md")}
    assert pages(yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), _Loader)["nav"]) == names
    index = (DOCS / "index.md").read_text("utf-8")
    assert {name for name in names if f"({name})" in index} == names - {"index.md"}


def code_in_tables(page: str) -> set[str]:
    """The code spans in the first column of the page's tables."""
    cells = re.findall(r"^\| (`[^|]+(?:\\\|[^|]+)*) \|", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}


def test_the_page_of_settings_and_the_example_have_every_setting() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    assert code_in_tables("configuration.md") == settings
    example = set(re.findall(r"^#([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert example == settings


def test_the_page_of_the_api_has_every_route() -> None:
    documented = " ".join(code_in_tables("api.md"))
    for path in fake_app().openapi()["paths"]:
        shown = path.replace("{user_id}", "{id}").replace("/feedback/batch", "/batch")
        assert shown in documented or path in documented, path


def verbs() -> set[str]:
    """Each verb of the command line, with its group."""
    names = set()
    for name, verb in get_command(app).commands.items():
        names |= {f"{name} {sub}" for sub in getattr(verb, "commands", {})} or {name}
    return names


def test_the_page_of_the_command_line_has_every_verb() -> None:
    text = " ".join(code_in_tables("cli.md"))
    assert [verb for verb in verbs() if verb.split()[-1] not in text] == []


def test_every_signal_is_registered_documented_and_tested() -> None:
    folder = ROOT / "services/recommender/signals"
    shown = code_in_tables("how-it-works.md")
    registered = {make.__self__.__name__ for make in SIGNALS}
    declared = {
        (path.stem, node.name, line.value.value)
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.AnnAssign)
        and ast.unparse(line.target) == "name"
        and isinstance(line.value, ast.Constant)
    }
    assert len(declared) == len(SIGNALS)
    for module, signal, name in declared:
        assert signal in registered, f"{signal} is not in SIGNALS"
        assert name in shown, f"{name} is missing in docs/how-it-works.md"
        tests = {f"test_{module}.py", f"test_{signal.lower()}.py"}
        assert any((ROOT / "tests/recommender/signals" / test).exists() for test in tests), f"{signal} has no test"
