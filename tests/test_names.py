"""One word, one meaning: the name of a class or a module says which one it is."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("services", "data_jobs", "infra")
# Private to the reader of one file, unrelated to the layouts that a form declares.
ALLOWED = {"Layout"}


def class_names() -> Iterator[tuple[str, str]]:
    """Every class: its name without a leading underscore, and its place."""
    for path in sorted(path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_"), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict(list)
    for name, place in class_names():
        places[name].append(place)
    assert len(places) > 400
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in ALLOWED} == {}


def stem(name: str) -> str:
    """A name without the endings by which two modules of one folder are easily mistaken for each other."""
    return re.sub(r"(ations?|ings?|ers?|es|ed|s|e)$", "", name) if len(name) > 4 else name


def test_no_two_modules_of_a_folder_differ_by_an_ending() -> None:
    together = defaultdict(set)
    for path in (path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")):
        name = path.parent if path.name == "__init__.py" else path
        together[name.parent, stem(name.stem)].add(name.stem)
    assert len(together) > 400
    assert [sorted(names) for names in together.values() if len(names) > 1] == []
