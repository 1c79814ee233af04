"""Names of classes and modules are unambiguous."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("services", "data_jobs", "infra")


def class_names() -> Iterator[tuple[str, str]]:
    """The name of every class, without a leading underscore, and its file and line."""
    for path in sorted(path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_"), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict(list)
    for name, place in class_names():
        places[name].append(place)
    assert len(places) > 400
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def stem(name: str) -> str:
    """A name without its ending: modules that differ by the ending alone are easily confused."""
    return re.sub(r"(ations?|ings?|ers?|es|ed|s|e)$", "", name) if len(name) > 4 else name


def test_no_two_modules_of_a_folder_differ_by_an_ending() -> None:
    by_stem = defaultdict(set)
    for path in (path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")):
        module = path.parent if path.name == "__init__.py" else path
        by_stem[module.parent, stem(module.stem)].add(module.stem)
    assert len(by_stem) > 400
    assert [sorted(names) for names in by_stem.values() if len(names) > 1] == []
