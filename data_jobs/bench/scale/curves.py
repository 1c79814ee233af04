"""Draw how cost grows with the films: curves on logarithmic axes, as hand-written SVG."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any, NamedTuple

WIDTH = 860
_PANEL, _LEFT, _RIGHT, _TOP, _BOTTOM, _HEAD = 300, 70, 190, 44, 36, 44
_INK, _MUTED, _GRID = "#1f2933", "#667380", "#e4e7eb"
_COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#7e22ce", "#0f766e")

Points = list[tuple[float, float]]


class CurvePanel(NamedTuple):
    """``curves`` by name: (films, value) each."""

    title: str
    curves: dict[str, Points]


def curves(document: Mapping[str, Any]) -> str:
    """Return an SVG document of what ``measure_sizes`` returned."""
    panels = panels_of(document["sizes"])
    height = _HEAD + len(panels) * _PANEL
    title = "Marquee: cost by number of films"
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    font = 'font-family="system-ui, sans-serif" font-size="13"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}" {font}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="600" fill="{_INK}">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        lines += _panel(panel, _HEAD + number * _PANEL)
    return "\n".join([*lines, "</svg>", ""])


def panels_of(sizes: Sequence[Mapping[str, Any]]) -> list[CurvePanel]:
    """Return the panels with their points; a figure that is missing or 0 has none, as the axes are logarithmic."""

    def curves_of(part: str) -> dict[str, Points]:
        names = dict.fromkeys(name for size in sizes for name in size[part])
        return {name: [(size["films"], value) for size in sizes if (value := size[part].get(name))] for name in names}

    def column(name: str) -> Points:
        return [(size["films"], size[name]) for size in sizes if size.get(name)]

    return [
        CurvePanel("CPU per request, ms (median)", curves_of("cpu_ms")),
        CurvePanel("CPU of the build, s", curves_of("cpu")),
        CurvePanel("Megabytes", {"server, resident": column("memory_mb"), "bundle": column("bundle_mb")}),
    ]


def _panel(panel: CurvePanel, top: int) -> Iterator[str]:
    points = [point for curve in panel.curves.values() for point in curve]
    yield f'<text x="16" y="{top + 26}" font-weight="600" fill="{_INK}">{escape(panel.title)}</text>'
    if not points:
        return
    x_axis = _Axis.of([x for x, _ in points], _LEFT, WIDTH - _RIGHT)
    y_axis = _Axis.of([y for _, y in points], top + _PANEL - _BOTTOM, top + _TOP)
    for value in x_axis.ticks():
        yield f'<path d="M{x_axis.at(value):.1f} {y_axis.start}V{y_axis.end}" stroke="{_GRID}"/>'
        position = f'x="{x_axis.at(value):.1f}" y="{y_axis.start + 18}" text-anchor="middle"'
        yield f'<text {position} fill="{_MUTED}">{value:,.0f}</text>'
    for value in y_axis.ticks():
        yield f'<path d="M{x_axis.start} {y_axis.at(value):.1f}H{x_axis.end}" stroke="{_GRID}"/>'
        position = f'x="{_LEFT - 8}" y="{y_axis.at(value) + 4:.1f}" text-anchor="end"'
        yield f'<text {position} fill="{_MUTED}">{value:,.6g}</text>'
    for number, (name, curve) in enumerate(panel.curves.items()):
        yield from _curve(name, curve, _COLOURS[number % len(_COLOURS)], x_axis, y_axis, top + _TOP + 20 * number)


def _curve(name: str, points: Points, colour: str, x_axis: "_Axis", y_axis: "_Axis", legend: int) -> Iterator[str]:
    places = [(x_axis.at(x), y_axis.at(y)) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for (x, y), (films, value) in zip(places, points, strict=True):
        label = escape(f"{name}, {films:,.0f} films: {value:,.4g}")
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"><title>{label}</title></circle>'
    key, last = WIDTH - _RIGHT + 20, f"{points[-1][1]:,.3g}" if points else "-"
    yield f'<rect x="{key}" y="{legend}" width="12" height="12" fill="{colour}"/>'
    yield f'<text x="{key + 18}" y="{legend + 11}" fill="{_INK}">{escape(name)}: {last}</text>'


class _Axis(NamedTuple):
    """A logarithmic axis from the pixel ``start`` at ``lowest`` to ``end`` at ``highest``, powers of ten."""

    lowest: float
    highest: float
    start: int
    end: int

    @classmethod
    def of(cls, values: Sequence[float], start: int, end: int) -> "_Axis":
        lowest, highest = floor(log10(min(values))), ceil(log10(max(values)))
        return cls(10.0**lowest, 10.0 ** max(highest, lowest + 1), start, end)

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        share = log10(value / self.lowest) / log10(self.highest / self.lowest)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return the powers of ten."""
        return [self.lowest * 10.0**step for step in range(round(log10(self.highest / self.lowest)) + 1)]
