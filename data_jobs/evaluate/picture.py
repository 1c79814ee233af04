"""Draw the figures as SVG: bars with standard errors, on a white background."""

from collections.abc import Iterator
from html import escape

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import Evaluation
from data_jobs.evaluate.outcome import Panel

WIDTH = 860
_LEFT, _BAR, _GAP, _HEAD, _RIGHT = 220, 18, 8, 44, 130
_INK, _MUTED, _OURS, _OTHER = "#1f2933", "#667380", "#c2410c", "#94a3b8"


def picture(evaluation: Evaluation) -> str:
    """Return an SVG document: NDCG@10 and Recall@10 of every model, then the panels of the parts."""
    drawn = list(panels(evaluation))
    height = sum(map(_height, drawn)) + _HEAD
    setting = evaluation.setting
    title = f"Marquee: {setting.holdout}, {setting.held_out_likes:,} held-out likes, full ranking"
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    look = 'font-family="system-ui, sans-serif" font-size="13"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}" {look}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="600" fill="{_INK}">{escape(title)}</text>',
    ]
    top = _HEAD
    for panel in drawn:
        lines += _panel(panel, top)
        top += _height(panel)
    return "\n".join([*lines, "</svg>", ""])


def panels(evaluation: Evaluation) -> Iterator[Panel]:
    """Yield the panels in order."""
    for title, metric in (("NDCG@10", "ndcg"), ("Recall@10", "recall")):
        bars = [(row.model, getattr(row, metric), row.model.startswith("pipeline")) for row in evaluation.models]
        yield Panel(title, bars)
    for outcome in evaluation.parts.values():
        yield from outcome.panels()


def _height(panel: Panel) -> int:
    """Return the height in pixels."""
    return _HEAD + len(panel.bars) * (_BAR + _GAP) + _GAP


def _panel(panel: Panel, top: int) -> Iterator[str]:
    longest = max((value.mean + value.se for _, value, _ in panel.bars), default=0.0) or 1.0
    scale = (WIDTH - _LEFT - _RIGHT) / longest
    yield f'<text x="16" y="{top + 26}" font-weight="600" fill="{_INK}">{escape(panel.title)}</text>'
    for at, (label, value, ours) in enumerate(panel.bars):
        yield from _bar(label, value, _OURS if ours else _OTHER, top + _HEAD + at * (_BAR + _GAP), scale)


def _bar(label: str, value: Estimate, colour: str, y: int, scale: float) -> Iterator[str]:
    """Yield label, bar, whisker of one standard error to either side, and the figure."""
    middle, end = y + _BAR / 2, _LEFT + value.mean * scale
    low, high = end - value.se * scale, end + value.se * scale
    yield f'<text x="{_LEFT - 10}" y="{middle + 4.5}" text-anchor="end" fill="{_INK}">{escape(label)}</text>'
    yield f'<rect x="{_LEFT}" y="{y}" width="{max(0.0, value.mean * scale):.1f}" height="{_BAR}" fill="{colour}"/>'
    yield f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="{_INK}" stroke-width="1.5"/>'
    yield f'<text x="{high + 8:.1f}" y="{middle + 4.5}" fill="{_MUTED}">{escape(str(value))}</text>'
