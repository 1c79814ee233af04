"""Charts as inline SVG; colours are classes of the page's style sheet, so that they follow light and dark."""

from collections.abc import Iterator, Sequence
from html import escape

WIDE, HALF = 900, 450
"""Widths of a full-width chart and of one of two side by side, so that their text has the same size."""
_ROW = 30
_LONGEST = 26


def svg(width: float, height: float, title: str, parts: Iterator[str]) -> str:
    """Return a chart with a name for screen readers."""
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}">'
    drawn = "".join([head, *parts, "</svg>"])
    return drawn if width < WIDE else scrolled(title, drawn)


def scrolled(title: str, content: str) -> str:
    """Return wide content in a box that scrolls on a narrow screen, also by keyboard."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">{content}</div>'


def text(x: float, y: float, words: str, css: str = "", anchor: str = "start") -> str:
    """Return a line of text."""
    return f'<text x="{x:g}" y="{y:g}" class="{css}" text-anchor="{anchor}">{escape(words)}</text>'


def rect(x: float, y: float, width: float, height: float, css: str, tooltip: str = "") -> str:
    """Return a bar with a tooltip."""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
    return f'<rect {size} rx="2" class="{css}"><title>{escape(tooltip)}</title></rect>'


Row = tuple[str, float, float, float, str, bool]
"""Label, mean, low, high, text next to it, and whether more is better."""


def intervals(title: str, rows: Sequence[Row], width: int, label: int) -> str:
    """Return intervals around a common 0, all in the same unit; ``label``: width of the labels."""
    words_from = width - 110
    reach = max((abs(value) for _, *values, _, _ in rows for value in values), default=0) or 1
    middle = (label + words_from) / 2
    scale = (words_from - label - 24) / 2 / reach
    height = 14 + _ROW * len(rows)

    def parts() -> Iterator[str]:
        yield f'<path class="axis" d="M{middle:g} 4V{height - 6}"/>'
        for at, (name, mean, low, high, words, judged) in enumerate(rows):
            y = 22 + at * _ROW
            css = "even" if low <= 0 <= high or not judged else "up" if mean > 0 else "down"
            yield text(label - 8, y + 4, name, anchor="end")
            yield f'<path class="whisker {css}" d="M{middle + low * scale:.1f} {y}H{middle + high * scale:.1f}"/>'
            yield f'<circle class="dot {css}" cx="{middle + mean * scale:.1f}" cy="{y}" r="5"/>'
            yield text(words_from, y + 4, words, "muted")

    return svg(width, height, title, parts())


def columns(title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float], str]], unit: str) -> str:
    """Return columns side by side: ``series`` of (name, values, class); ``unit`` formats the value above a column."""
    height, foot, head = 210, 34, 24
    most = max((value for _, values, _ in series for value in values), default=0) or 1
    each = HALF / max(len(labels), 1)
    wide = min(46.0, (each - 12) / len(series))

    def parts() -> Iterator[str]:
        yield f'<path class="axis" d="M0 {height - foot}H{HALF}"/>'
        for at, label in enumerate(labels):
            centre = each * (at + 0.5)
            yield text(centre, height - 12, label, "muted", "middle")
            for which, (name, values, css) in enumerate(series):
                tall = (height - foot - head) * values[at] / most
                x = centre + (which - len(series) / 2) * wide
                value_text = unit.format(values[at])
                yield rect(x + 1, height - foot - tall, wide - 2, tall, css, f"{name}, {label}: {value_text}")
                if values[at]:
                    yield text(x + wide / 2, height - foot - tall - 5, value_text, "small", "middle")

    return svg(HALF, height, title, parts())


def histogram(title: str, values: Sequence[float], ends: tuple[str, str], bins: int = 40) -> str:
    """Return a histogram around 0, without values equal to 0. ``ends``: the meaning of values below and above 0."""
    height, foot = 190, 40
    reach = max((abs(value) for value in values), default=0) or 1
    counts = [0] * bins
    for value in values:
        if value:
            counts[min(int((value / reach + 1) / 2 * bins), bins - 1)] += 1
    most, each = max(counts) or 1, HALF / bins

    def parts() -> Iterator[str]:
        for at, count in enumerate(counts):
            tall = (height - foot - 10) * count / most
            middle = ((at + 0.5) / bins * 2 - 1) * reach
            css = "down" if middle < 0 else "up"
            yield rect(at * each + 1, height - foot - tall, each - 2, tall, css, f"about {middle:+.2f}: {count} people")
        yield f'<path class="axis" d="M0 {height - foot}H{HALF}M{HALF / 2} 0V{height - foot}"/>'
        yield text(0, height - 22, f"{-reach:.2f}", "muted")
        yield text(HALF / 2, height - 22, "0", "muted", "middle")
        yield text(HALF, height - 22, f"+{reach:.2f}", "muted", "end")
        yield text(0, height - 5, f"← {ends[0]}", "muted")
        yield text(HALF, height - 5, f"{ends[1]} →", "muted", "end")

    return svg(HALF, height, title, parts())


def stack(title: str, parts_of: Sequence[tuple[str, float]]) -> str:
    """Return one bar of shares that sum to 1, with a legend below."""
    per_line = 3
    height = 52 + 24 * -(-len(parts_of) // per_line)

    def parts() -> Iterator[str]:
        x = 0.0
        for at, (label, share) in enumerate(parts_of):
            wide = WIDE * share
            yield rect(x, 0, wide - 2, 34, f"step{at}", f"{label}: {share:.1%}")
            if share >= 0.07:
                yield text(x + wide / 2, 22, f"{share:.0%}", f"on{at}", "middle")
            x += wide
            left, top = (at % per_line) * WIDE / per_line, 52 + 24 * (at // per_line)
            yield rect(left, top, 14, 14, f"step{at}", label)
            yield text(left + 22, top + 12, f"{label}: {share:.1%}", "muted")

    return svg(WIDE, height, title, parts())


def dumbbells(title: str, rows: Sequence[tuple[str, int, int]]) -> str:
    """Return two connected dots per row: (label, value of A, value of B)."""
    most = max((value for _, *values in rows for value in values), default=0) or 1
    left, row = 230, 26
    scale = (HALF - left - 50) / most
    height = 8 + row * len(rows)

    def parts() -> Iterator[str]:
        for at, (label, a, b) in enumerate(rows):
            y = 16 + at * row
            yield text(left - 14, y + 4, _shortened(label), anchor="end")
            yield f'<path class="axis" d="M{left + a * scale:.1f} {y}H{left + b * scale:.1f}"/>'
            for value, css in ((a, "a"), (b, "b")):
                title_element = f"<title>{value:,} lists</title>"
                yield f'<circle class="{css}" cx="{left + value * scale:.1f}" cy="{y}" r="6">{title_element}</circle>'
            yield text(left + max(a, b) * scale + 14, y + 4, f"{b - a:+d}", "muted")

    return svg(HALF, height, title, parts())


def _shortened(label: str) -> str:
    """Return a label that fits next to the dots; "Title (1995)" keeps its year."""
    if len(label) <= _LONGEST:
        return label
    title, _, year = label.rpartition(" (")
    return f"{title[: _LONGEST - 8]}… ({year}" if title else f"{label[: _LONGEST - 1]}…"
