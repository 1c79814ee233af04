"""Draw the training: loss and validation by epoch, as hand-written SVG, readable on dark and light backgrounds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_jobs.two_tower.training import Curve

WIDTH, HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 60, 44, 36
_INK, _MUTED, _LOSS, _RECALL = "#1f2933", "#667380", "#94a3b8", "#c2410c"


def draw_curve(curve: "Curve") -> str:
    """Return an SVG document: the loss on the left scale, Recall@10 of the hidden likes on the right one."""
    best = curve.best
    title = f"Two towers: epoch {best.number} of {len(curve.judged)} is the best, Recall@10 {best.recall:.3f}"
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = 'font-family="system-ui, sans-serif" font-size="12"'
    x = f"{_LEFT + (best.number - 1) * _step(len(curve.judged)):.1f}"
    below, epochs = HEIGHT - _BOTTOM, f"epoch 1 to {len(curve.judged)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}" {font}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600" fill="{_INK}">{title}</text>',
        f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{below}" stroke="{_MUTED}" stroke-dasharray="3 4"/>',
        *_line([epoch.loss for epoch in curve.judged], _LOSS, "loss", right=False),
        *_line([epoch.recall for epoch in curve.judged], _RECALL, "Recall@10", right=True),
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 10}" text-anchor="middle" fill="{_MUTED}">{epochs}</text>',
    ]
    return "\n".join([*lines, "</svg>", ""])


def _step(count: int) -> float:
    """Return the pixels between two epochs."""
    return (WIDTH - _LEFT - _RIGHT) / max(count - 1, 1)


def _line(values: Sequence[float], colour: str, name: str, *, right: bool) -> list[str]:
    """Return one line on its own scale, with its range next to it."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    room = HEIGHT - _TOP - _BOTTOM
    points = " ".join(
        f"{_LEFT + at * _step(len(values)):.1f},{_TOP + room * (1 - (value - low) / span):.1f}"
        for at, value in enumerate(values)
    )
    x, anchor = (WIDTH - _RIGHT + 8, "start") if right else (_LEFT - 8, "end")
    labels = ((_TOP + 4, f"{high:.3f}"), (_TOP + room / 2, name), (_TOP + room + 4, f"{low:.3f}"))
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<text x="{x}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{text}</text>' for y, text in labels),
    ]
