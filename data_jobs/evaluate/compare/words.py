"""Figures of a comparison as they are printed, in the terminal and on the page."""

from data_jobs.evaluate.compare.comparison import SHARES, Figure

_LARGE = 10


def in_unit(value: float, unit: str) -> str:
    """Return a figure with four decimals, a large one with one, a share in percent."""
    if unit == SHARES:
        return f"{value:.1%}"
    return f"{value:.4f}" if value < _LARGE else f"{value:.1f}"


def difference(figure: Figure) -> str:
    """Return "+0.0041 (-0.0010 to +0.0092)", in percentage points for shares."""
    less = figure.b_less_a
    shares = figure.unit == SHARES
    digits = 1 if shares or figure.a >= _LARGE else 4
    mean, low, high = (f"{value * (100 if shares else 1):+.{digits}f}" for value in (less.mean, less.low, less.high))
    return f"{mean} ({low} to {high}){' points' if shares else ''}"


def change_in_words(figure: Figure) -> str:
    """Return the change from A to B in words, "within chance" if the interval contains 0."""
    if not figure.b_less_a.clear:
        return "within chance"
    return figure.more if figure.b_less_a.mean > 0 else figure.less
