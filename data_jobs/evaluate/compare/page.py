"""A comparison as one HTML page, without network access, scripts or other files."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from data_jobs.evaluate.compare.charts import HALF, WIDE, Row, columns, dumbbells, histogram, intervals, scrolled, stack
from data_jobs.evaluate.compare.comparison import PLACES, Comparison, Example, Figure, ListedFilm, Shown
from data_jobs.evaluate.compare.words import change_in_words, difference, in_unit

# Nothing may be loaded: titles come from third-party data.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(comparison: Comparison) -> str:
    """Return the HTML document."""
    style = (files("data_jobs.evaluate.compare") / "page.css").read_text("utf-8")
    title = f"{comparison.a} against {comparison.b}"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{style}</style>"
    )
    body = "\n".join([*_top(comparison), *_sections(comparison)])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _name(comparison: Comparison, which: str) -> str:
    return f'<span class="name-{which}">{escape(getattr(comparison, which))}</span>'


def _top(comparison: Comparison) -> Iterator[str]:
    """Yield title, verdict and the figures in large type."""
    a, b = _name(comparison, "a"), _name(comparison, "b")
    yield f"<h1>{a} against {b}</h1>"
    hidden = f"{comparison.likes:,} hidden likes of {comparison.people:,} people"
    scope = f"{hidden}, ranked among all {comparison.films:,} films"
    yield f'<p class="muted">{escape(comparison.holdout)}: {scope}; ten films each, as served by default.</p>'
    yield f'<p class="lead">{escape(comparison.verdict)}</p>'
    yield "<p>Intervals hold 95 % of 2,000 bootstrap samples; both sides rank for the same people.</p>"
    ndcg, moves = comparison.figure("NDCG@10"), comparison.moves
    tiles = [
        (_relative(ndcg), "NDCG@10, relative"),
        (f"{comparison.gained} : {comparison.lost}", f"people better : worse with {comparison.b}"),
        (f"{moves.kept['first 10']:.0%}", "of the first ten in both"),
        (f"{moves.same:.0%}", "of people see the same ten in the same order"),
    ]
    shown = (f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>' for value, what in tiles)
    yield f'<div class="tiles">{"".join(shown)}</div>'


def _relative(figure: Figure) -> str:
    return f"{figure.b / figure.a - 1:+.1%}" if figure.a else "-"


def _section(title: str, subtitle: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p class='muted'>{subtitle}</p>{''.join(parts)}</section>"


def _sections(comparison: Comparison) -> Iterator[str]:
    a, b = _name(comparison, "a"), _name(comparison, "b")
    yield _section(
        "Quality and character", f"What changes from {a} to {b}.", _figures(comparison), _relative_chart(comparison)
    )
    yield '<div class="two">'
    yield _section(
        "Person by person",
        f"NDCG@10 of {b} less {a}; {comparison.even:,} people without a change are left out.",
        histogram(
            "People by their difference in NDCG@10",
            comparison.gains,
            (f"{comparison.a} better", f"{comparison.b} better"),
        ),
    )
    yield _section("By number of known likes", "NDCG@10 of people by their likes.", _groups(comparison))
    yield _section(
        "How much the lists share",
        "People by the number of films that the two first tens have in common.",
        _common(comparison),
    )
    yield _section(
        "Popularity",
        "Share of all places in the first tens, by popularity rank (1 is the most liked).",
        _bands(comparison),
    )
    yield "</div>"
    yield _section(
        f"Where the first ten of {comparison.a} went",
        f"Their place in the list of {b}; films in both first fifty move by {comparison.moves.shift:.1f} places on "
        "average.",
        stack("Places of the first ten in the other list", list(zip(PLACES, comparison.moves.places, strict=True))),
    )
    yield '<div class="two">'
    for title, films in (("Films shown more often", comparison.risen), ("Films shown less often", comparison.fallen)):
        subtitle = f"Lists with the film among the first ten: {a} and {b}."
        yield _section(title, subtitle, _films(title, films))
    yield "</div>"
    for title, examples in (("Largest gains", comparison.best), ("Largest losses", comparison.worst)):
        subtitle = "✓ marks a hidden like; a number after a film is its place in the other side's list."
        yield _section(title, subtitle, *(_person(comparison, example) for example in examples))


def _figures(comparison: Comparison) -> str:
    rows = []
    for figure in comparison.figures:
        css = "even" if not figure.b_less_a.clear else "up" if figure.b_less_a.mean > 0 else "down"
        # More variety or lower popularity is not better by itself.
        css = css if figure.more == "better" else "even"
        cells = (in_unit(figure.a, figure.unit), in_unit(figure.b, figure.unit), difference(figure))
        numbers = "".join(f'<td class="n">{escape(cell)}</td>' for cell in cells)
        numbers += f'<td class="{css}">{escape(change_in_words(figure))}</td>'
        rows.append(f'<tr><th scope="row">{escape(figure.name)}</th>{numbers}</tr>')
    a, b = comparison.coverage
    numbers = f'<td class="n">{a:.2%}</td><td class="n">{b:.2%}</td><td class="n">{100 * (b - a):+.2f} points</td>'
    rows.append(f'<tr><th scope="row">coverage@10</th>{numbers}<td></td></tr>')
    names = f'<th class="n">{_name(comparison, "a")}</th><th class="n">{_name(comparison, "b")}</th>'
    head = f'<tr><td></td>{names}<th class="n">difference, 95 %</th><td></td></tr>'
    table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    return scrolled("Figures", table)


def _relative_chart(comparison: Comparison) -> str:
    """Return all figures on one axis, relative to A."""
    rows: list[Row] = []
    for figure in comparison.figures:
        if figure.a:
            less = figure.b_less_a
            mean, low, high = (value / abs(figure.a) for value in (less.mean, less.low, less.high))
            rows.append((figure.name, mean, low, high, f"{mean:+.1%}", figure.more == "better"))
    return intervals("Differences relative to the first side, with 95 % intervals", rows, WIDE, 290)


def _groups(comparison: Comparison) -> str:
    rows = [
        (f"{group.likes} likes ({group.b_less_a.n})", group.b_less_a.mean, group.b_less_a.low, group.b_less_a.high,
         f"{group.a:.3f} → {group.b:.3f}", True)
        for group in comparison.groups
    ]  # fmt: skip
    return intervals("Difference in NDCG@10 by known likes, with 95 % intervals", rows, HALF, 160)


def _common(comparison: Comparison) -> str:
    labels = [str(count) for count in range(len(comparison.moves.common))]
    return columns("People by films in common", labels, [("people", comparison.moves.common, "even")], "{:.0f}")


def _bands(comparison: Comparison) -> str:
    series = [
        (comparison.a, [100 * band.a for band in comparison.bands], "a"),
        (comparison.b, [100 * band.b for band in comparison.bands], "b"),
    ]
    return columns("Share of places by popularity", [band.label for band in comparison.bands], series, "{:.0f}%")


def _films(title: str, films: Sequence[Shown]) -> str:
    if not films:
        return "<p>None.</p>"
    return dumbbells(title, [(each.title, each.a, each.b) for each in films])


def _person(comparison: Comparison, example: Example) -> str:
    css = "up" if example.gain > 0 else "down"
    more = f" and {example.more_hidden} more" if example.more_hidden > 0 else ""
    newest, hidden = (escape(", ".join(titles)) for titles in (example.newest, example.hidden))
    lists = "".join(_list(comparison, which, listed) for which, listed in (("a", example.a), ("b", example.b)))
    return (
        f'<article class="person"><header><h3>Person {escape(example.user_id)}</h3>'
        f'<span class="gain {css}">NDCG@10 {example.gain:+.3f}</span><span class="muted">{example.likes} likes</span>'
        f'</header><p class="legend">Likes, newest first: {newest}<br>Hidden: {hidden}{more}</p>'
        f'<div class="two">{lists}</div></article>'
    )


def _list(comparison: Comparison, which: str, listed: Sequence[ListedFilm]) -> str:
    films = "".join(_film(film, at) for at, film in enumerate(listed, 1))
    return f"<div><h3>{_name(comparison, which)}</h3><ol>{films}</ol></div>"


def _film(film: ListedFilm, at: int) -> str:
    css = ' class="hit"' if film.hit else ""
    moved = "" if film.other == at else f' <span class="moved">{film.other or "not in 50"}</span>'
    return f"<li><span{css}>{escape(film.title)}</span>{moved}</li>"
