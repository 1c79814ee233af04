"""A comparison as one page to read: it needs no network, no script and no other file."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from data_jobs.evaluate.compare.charts import HALF, WIDE, Row, columns, dumbbells, histogram, intervals, scrolled, stack
from data_jobs.evaluate.compare.comparison import PLACES, Comparison, Example, Figure, ListedFilm, Shown
from data_jobs.evaluate.compare.words import difference, in_unit, said

# Nothing may be loaded from anywhere: titles come from data of others.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(found: Comparison) -> str:
    """Return the HTML document."""
    style = (files("data_jobs.evaluate.compare") / "page.css").read_text("utf-8")
    title = f"{found.a} against {found.b}"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{style}</style>"
    )
    body = "\n".join([*_top(found), *_sections(found)])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _name(found: Comparison, which: str) -> str:
    return f'<span class="name-{which}">{escape(getattr(found, which))}</span>'


def _top(found: Comparison) -> Iterator[str]:
    """Yield title, verdict and the figures in large type."""
    a, b = _name(found, "a"), _name(found, "b")
    yield f"<h1>{a} against {b}</h1>"
    told = f"{found.likes:,} hidden likes of {found.people:,} people, ranked among all {found.films:,} films"
    yield f'<p class="muted">{escape(found.holdout)}: {told}; ten films each, as the API answers by default.</p>'
    yield f'<p class="lead">{escape(found.verdict)}</p>'
    yield "<p>Intervals hold 95 % of 2,000 bootstrap samples of people; both sides answer the same people.</p>"
    ndcg, moves = found.figure("NDCG@10"), found.moves
    tiles = [
        (_relative(ndcg), "NDCG@10, relative"),
        (f"{found.gained} : {found.lost}", f"people better : worse with {found.b}"),
        (f"{moves.kept['first 10']:.0%}", "of the first ten in both"),
        (f"{moves.same:.0%}", "of the people see the very same ten"),
    ]
    shown = (f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>' for value, what in tiles)
    yield f'<div class="tiles">{"".join(shown)}</div>'


def _relative(figure: Figure) -> str:
    return f"{figure.b / figure.a - 1:+.1%}" if figure.a else "-"


def _section(title: str, told: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p class='muted'>{told}</p>{''.join(parts)}</section>"


def _sections(found: Comparison) -> Iterator[str]:
    a, b = _name(found, "a"), _name(found, "b")
    yield _section("Quality and character", f"What changes from {a} to {b}.", _figures(found), _relative_chart(found))
    yield '<div class="two">'
    yield _section(
        "Person by person",
        f"NDCG@10 of {b} less {a}; {found.even:,} people without a change are left out.",
        histogram("People by their difference in NDCG@10", found.gains, (f"{found.a} better", f"{found.b} better")),
    )
    yield _section("By how much is known of a person", "NDCG@10 of people by their likes.", _groups(found))
    yield _section(
        "How much the lists share",
        "People by how many films the two first tens have in common.",
        _common(found),
    )
    yield _section(
        "Well known or not",
        "Share of all places in the first tens by popularity rank (1 is the most liked).",
        _bands(found),
    )
    yield "</div>"
    yield _section(
        f"Where the first ten of {found.a} went",
        f"Their place in the list of {b}; films in both first fifty move by {found.moves.shift:.1f} places on average.",
        stack("Places of the first ten in the other list", list(zip(PLACES, found.moves.places, strict=True))),
    )
    yield '<div class="two">'
    for title, films in (("Films shown more often", found.risen), ("Films shown less often", found.fallen)):
        told = f"Lists with the film among the first ten: {a} and {b}."
        yield _section(title, told, _films(title, films))
    yield "</div>"
    for title, examples in (("Largest gains", found.best), ("Largest losses", found.worst)):
        told = "✓ marks a like that was hidden; a number after a film is its place with the other side."
        yield _section(title, told, *(_person(found, example) for example in examples))


def _figures(found: Comparison) -> str:
    rows = []
    for each in found.figures:
        css = "even" if not each.b_less_a.clear else "up" if each.b_less_a.mean > 0 else "down"
        # Neither more variety nor less fame is better by itself.
        css = css if each.more == "better" else "even"
        cells = (in_unit(each.a, each.unit), in_unit(each.b, each.unit), difference(each))
        numbers = "".join(f'<td class="n">{escape(cell)}</td>' for cell in cells)
        numbers += f'<td class="{css}">{escape(said(each))}</td>'
        rows.append(f'<tr><th scope="row">{escape(each.name)}</th>{numbers}</tr>')
    a, b = found.coverage
    numbers = f'<td class="n">{a:.2%}</td><td class="n">{b:.2%}</td><td class="n">{100 * (b - a):+.2f} points</td>'
    rows.append(f'<tr><th scope="row">coverage@10</th>{numbers}<td></td></tr>')
    names = f'<th class="n">{_name(found, "a")}</th><th class="n">{_name(found, "b")}</th>'
    head = f'<tr><td></td>{names}<th class="n">difference, 95 %</th><td></td></tr>'
    table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    return scrolled("Figures", table)


def _relative_chart(found: Comparison) -> str:
    """Return all figures over one axis: relative to A's."""
    rows: list[Row] = []
    for each in found.figures:
        if each.a:
            less = each.b_less_a
            mean, low, high = (value / abs(each.a) for value in (less.mean, less.low, less.high))
            rows.append((each.name, mean, low, high, f"{mean:+.1%}", each.more == "better"))
    return intervals("Differences relative to the first side, with 95 % intervals", rows, WIDE, 290)


def _groups(found: Comparison) -> str:
    rows = [
        (f"{each.likes} likes ({each.b_less_a.n})", each.b_less_a.mean, each.b_less_a.low, each.b_less_a.high,
         f"{each.a:.3f} → {each.b:.3f}", True)
        for each in found.groups
    ]  # fmt: skip
    return intervals("Difference in NDCG@10 by known likes, with 95 % intervals", rows, HALF, 160)


def _common(found: Comparison) -> str:
    labels = [str(count) for count in range(len(found.moves.common))]
    return columns("People by films in common", labels, [("people", found.moves.common, "even")], "{:.0f}")


def _bands(found: Comparison) -> str:
    series = [
        (found.a, [100 * band.a for band in found.bands], "a"),
        (found.b, [100 * band.b for band in found.bands], "b"),
    ]
    return columns("Share of places by popularity", [band.label for band in found.bands], series, "{:.0f}%")


def _films(title: str, films: Sequence[Shown]) -> str:
    if not films:
        return "<p>None.</p>"
    return dumbbells(title, [(each.title, each.a, each.b) for each in films])


def _person(found: Comparison, example: Example) -> str:
    css = "up" if example.gain > 0 else "down"
    more = f" and {example.more_hidden} more" if example.more_hidden > 0 else ""
    newest, hidden = (escape(", ".join(titles)) for titles in (example.newest, example.hidden))
    lists = "".join(_list(found, which, listed) for which, listed in (("a", example.a), ("b", example.b)))
    return (
        f'<article class="person"><header><h3>Person {escape(example.user_id)}</h3>'
        f'<span class="gain {css}">NDCG@10 {example.gain:+.3f}</span><span class="muted">{example.likes} likes</span>'
        f'</header><p class="legend">Likes, newest first: {newest}<br>Hidden: {hidden}{more}</p>'
        f'<div class="two">{lists}</div></article>'
    )


def _list(found: Comparison, which: str, listed: Sequence[ListedFilm]) -> str:
    films = "".join(_film(film, at) for at, film in enumerate(listed, 1))
    return f"<div><h3>{_name(found, which)}</h3><ol>{films}</ol></div>"


def _film(film: ListedFilm, at: int) -> str:
    css = ' class="hit"' if film.hit else ""
    moved = "" if film.other == at else f' <span class="moved">{film.other or "not in 50"}</span>'
    return f"<li><span{css}>{escape(film.title)}</span>{moved}</li>"
