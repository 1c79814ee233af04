"""One word, one meaning: a class name says which class it is."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("services", "data_jobs", "infra")
# Private to the reader of one file, and far from the layouts that a form declares.
ALLOWED = {"Layout"}


def class_names() -> Iterator[tuple[str, str]]:
    """The name of every class, a leading underscore aside, and where it stands."""
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
