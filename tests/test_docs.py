"""README, CONTRIBUTING and docs/: links lead somewhere, every page is in the site, and settings are those there are.

`make docs` checks the links inside docs/; here are those that leave it, which the site does not see.
"""

import re
from pathlib import Path

import pytest
import yaml

from services.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FRONT = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
# Of the standards for traces, and not of the settings.
_FOREIGN = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG"}


class _Loader(yaml.SafeLoader):
    """Takes the functions that mkdocs.yml names for nothing."""


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
    there = {path.name for path in DOCS.glob("*.md")}
    assert pages(yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), _Loader)["nav"]) == there
    index = (DOCS / "index.md").read_text("utf-8")
    assert {name for name in there if f"({name})" in index} == there - {"index.md"}


def test_the_page_of_settings_names_only_settings() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (DOCS / "configuration.md").read_text("utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row)}
    assert len(named) > 30
    assert named - _FOREIGN <= {name.upper() for name in Settings.model_fields}
