"""Write a comparison as tables, JSON and a page; nothing is computed here."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

from data_jobs.evaluate.compare.comparison import PLACES, Comparison, Example, Shown
from data_jobs.evaluate.compare.page import page
from data_jobs.evaluate.compare.words import difference, in_unit, said
from data_jobs.evaluate.outcome import Table
from data_jobs.evaluate.report import DIGITS, write_texts

IN_TERMINAL = 2
"""Examples of each kind that the terminal shows; the page has them all."""


def document(found: Comparison) -> dict[str, Any]:
    """Return everything as one JSON object."""
    whole = json.dumps(asdict(found) | {"verdict": found.verdict})
    rounded: dict[str, Any] = json.loads(whole, parse_float=lambda text: round(float(text), DIGITS))
    return rounded


def write(found: Comparison, folder: Path) -> list[Path]:
    """Write ``compare_<a>_<b>_<holdout>.json`` and ``.html`` and return their paths. Raises OSError."""
    name = "_".join(["compare", *(_file_name(each) for each in (found.a, found.b, Path(found.holdout).stem))])
    texts = {
        "json": json.dumps(document(found), ensure_ascii=False, indent=1) + "\n",
        "html": page(found),
    }
    return write_texts(folder, name, texts)


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")


def tables(found: Comparison) -> Iterator[Table]:
    """Yield the tables to print."""
    yield _figures(found)
    yield _groups(found)
    yield _moves(found)
    yield _films(f"Films that {found.b} shows more often", found.risen, found)
    yield _films(f"Films that {found.b} shows less often", found.fallen, found)
    for title, examples in (("Largest gains", found.best), ("Largest losses", found.worst)):
        yield _examples(title, examples[:IN_TERMINAL], found)


def _figures(found: Comparison) -> Table:
    rows = [
        (each.name, in_unit(each.a, each.unit), in_unit(each.b, each.unit), difference(each), said(each))
        for each in found.figures
    ]
    a, b = found.coverage
    rows.append(("coverage@10", f"{a:.2%}", f"{b:.2%}", f"{100 * (b - a):+.2f} points", ""))
    title = f"{found.a} against {found.b}, {found.holdout}: {found.likes:,} hidden likes of {found.people:,} people"
    headings = ("measure", found.a, found.b, f"{found.b} less {found.a}, 95 %", f"{found.b} is")
    return Table(title, headings, rows, (found.verdict,))


def _groups(found: Comparison) -> Table:
    rows = [
        (each.likes, str(each.b_less_a.n), f"{each.a:.4f}", f"{each.b:.4f}", f"{each.b_less_a}")
        for each in found.groups
    ]
    return Table("NDCG@10 by known likes", ("likes", "people", found.a, found.b, "difference, 95 %"), rows)


def _moves(found: Comparison) -> Table:
    moves = found.moves
    pairs = zip(PLACES, moves.places, strict=True)
    rows = [(f"films of {found.a}'s ten: {place}", f"{share:.1%}") for place, share in pairs]
    rows += [(f"{name} in both", f"{share:.1%}") for name, share in moves.kept.items()]
    rows += [
        ("mean shift in places, of films in both first fifty", f"{moves.shift:.2f}"),
        ("people with the same ten in the same order", f"{moves.same:.1%}"),
        (f"people for whom {found.b} is better, worse, equal", f"{found.gained}, {found.lost}, {found.even}"),
    ]
    return Table("How the lists moved", ("what", "value"), rows)


def _films(title: str, films: tuple[Shown, ...], found: Comparison) -> Table:
    rows = [(each.title, str(each.rank), str(each.a), str(each.b), f"{each.b - each.a:+d}") for each in films]
    return Table(title, ("film", "popularity rank", f"lists of {found.a}", f"lists of {found.b}", "change"), rows)


def _examples(title: str, examples: tuple[Example, ...], found: Comparison) -> Table:
    """Return both lists side by side; a hidden like has a plus before it."""
    rows: list[tuple[str, str, str]] = []
    for each in examples:
        rows.append((f"person {each.user_id}, {each.likes} likes", f"NDCG@10 {each.gain:+.3f}", ""))
        a, b = ([f"{'+' if film.hit else ' '} {film.title}" for film in listed] for listed in (each.a, each.b))
        rows += [(f"  {at}", *pair) for at, pair in enumerate(zip_longest(a, b, fillvalue=""), 1)]
    return Table(title, ("", found.a, found.b), rows, ("+ a like that was hidden",) if rows else ())
