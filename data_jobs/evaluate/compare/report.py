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
from data_jobs.evaluate.compare.words import change_in_words, difference, in_unit
from data_jobs.evaluate.outcome import Table
from data_jobs.evaluate.report import DIGITS, write_texts

IN_TERMINAL = 2
"""Number of examples of each kind in the terminal; the page has them all."""


def document(comparison: Comparison) -> dict[str, Any]:
    """Return everything as one JSON object."""
    whole = json.dumps(asdict(comparison) | {"verdict": comparison.verdict})
    rounded: dict[str, Any] = json.loads(whole, parse_float=lambda text: round(float(text), DIGITS))
    return rounded


def write(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``compare_<a>_<b>_<holdout>.json`` and ``.html`` and return their paths. Raises OSError."""
    name = "_".join(
        ["compare", *(_file_name(each) for each in (comparison.a, comparison.b, Path(comparison.holdout).stem))]
    )
    texts = {
        "json": json.dumps(document(comparison), ensure_ascii=False, indent=1) + "\n",
        "html": page(comparison),
    }
    return write_texts(folder, name, texts)


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")


def tables(comparison: Comparison) -> Iterator[Table]:
    """Yield the tables to print."""
    yield _figures(comparison)
    yield _groups(comparison)
    yield _moves(comparison)
    yield _films(f"Films that {comparison.b} shows more often", comparison.risen, comparison)
    yield _films(f"Films that {comparison.b} shows less often", comparison.fallen, comparison)
    for title, examples in (("Largest gains", comparison.best), ("Largest losses", comparison.worst)):
        yield _examples(title, examples[:IN_TERMINAL], comparison)


def _figures(comparison: Comparison) -> Table:
    rows = [
        (
            figure.name,
            in_unit(figure.a, figure.unit),
            in_unit(figure.b, figure.unit),
            difference(figure),
            change_in_words(figure),
        )
        for figure in comparison.figures
    ]
    a, b = comparison.coverage
    rows.append(("coverage@10", f"{a:.2%}", f"{b:.2%}", f"{100 * (b - a):+.2f} points", ""))
    scope = f"{comparison.likes:,} hidden likes of {comparison.people:,} people"
    title = f"{comparison.a} against {comparison.b}, {comparison.holdout}: {scope}"
    headings = (
        "measure",
        comparison.a,
        comparison.b,
        f"{comparison.b} less {comparison.a}, 95 %",
        f"{comparison.b} is",
    )
    return Table(title, headings, rows, (comparison.verdict,))


def _groups(comparison: Comparison) -> Table:
    rows = [
        (group.likes, str(group.b_less_a.n), f"{group.a:.4f}", f"{group.b:.4f}", f"{group.b_less_a}")
        for group in comparison.groups
    ]
    return Table("NDCG@10 by known likes", ("likes", "people", comparison.a, comparison.b, "difference, 95 %"), rows)


def _moves(comparison: Comparison) -> Table:
    moves = comparison.moves
    pairs = zip(PLACES, moves.places, strict=True)
    rows = [(f"films of {comparison.a}'s ten: {place}", f"{share:.1%}") for place, share in pairs]
    rows += [(f"{name} in both", f"{share:.1%}") for name, share in moves.kept.items()]
    rows += [
        ("mean shift in places, of films in both first fifty", f"{moves.shift:.2f}"),
        ("people with the same ten in the same order", f"{moves.same:.1%}"),
        (
            f"people for whom {comparison.b} is better, worse, equal",
            f"{comparison.gained}, {comparison.lost}, {comparison.even}",
        ),
    ]
    return Table("How the lists moved", ("measure", "value"), rows)


def _films(title: str, films: tuple[Shown, ...], comparison: Comparison) -> Table:
    rows = [(each.title, str(each.rank), str(each.a), str(each.b), f"{each.b - each.a:+d}") for each in films]
    return Table(
        title, ("film", "popularity rank", f"lists of {comparison.a}", f"lists of {comparison.b}", "change"), rows
    )


def _examples(title: str, examples: tuple[Example, ...], comparison: Comparison) -> Table:
    """Return both lists side by side; hidden likes are marked with a plus."""
    rows: list[tuple[str, str, str]] = []
    for example in examples:
        rows.append((f"person {example.user_id}, {example.likes} likes", f"NDCG@10 {example.gain:+.3f}", ""))
        a, b = ([f"{'+' if film.hit else ' '} {film.title}" for film in listed] for listed in (example.a, example.b))
        rows += [(f"  {at}", *pair) for at, pair in enumerate(zip_longest(a, b, fillvalue=""), 1)]
    return Table(title, ("", comparison.a, comparison.b), rows, ("+ hidden like",) if rows else ())
