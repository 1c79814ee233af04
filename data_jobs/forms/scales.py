"""Detect the scale of ratings from a sample: up to 5, 10 or 100, or yes and no."""

import re
import statistics
from collections.abc import Sequence

from data_jobs.readers.fields import decimal

YES = frozenset({"1", "1.0", "true", "yes"})
NO = frozenset({"0", "0.0", "-1", "-1.0", "false", "no"})
YES_NO = 1.0
"""The scale of ratings that say like (``YES``) or dislike (``NO``)."""
_LEAST_RATINGS, _FEW_RATINGS = 20, 3
_BEYOND, _MOST_OF_FEW = 0.05, 0.5
"""A scale is assumed if at least this share of the ratings exceeds the next smaller scale; the second applies to few
ratings.
"""


def all_alike(cells: Sequence[str]) -> bool:
    """Return whether these ratings are all 1 and thus only say that something happened."""
    return len(cells) >= _LEAST_RATINGS and set(cells) <= {"1", "1.0"}


def scale_of(cells: Sequence[str]) -> float:
    """Return the top of the scale of these ratings: 5, 10 or 100, or 1 for yes and no. If there are too few to decide,
    it is 5, unless at least half of them exceed it.
    """
    words = {cell.lower() for cell in cells}
    if len(cells) >= _FEW_RATINGS and words <= YES | NO and not words.isdisjoint(YES) and not words.isdisjoint(NO):
        return YES_NO
    values = [float(cell.replace(",", ".")) for cell in cells if re.fullmatch(r"\d+(?:[.,]\d+)?", cell)]
    least = _BEYOND if len(values) >= _LEAST_RATINGS else _MOST_OF_FEW
    for top, next_smaller in ((100.0, 10.0), (10.0, 5.0)):
        if (
            len(values) >= _FEW_RATINGS
            and next_smaller < max(values) <= top
            and sum(value > next_smaller for value in values) >= least * len(values)
        ):
            return top
    return 5.0


def scale_of_averages(cells: Sequence[str]) -> float:
    """Return the top of the scale of these averages of votes: 5, 10 or 100; 0 if there are too few to decide."""
    numbers = [number for cell in cells if (number := decimal(cell)) is not None and number > 0]
    if len(numbers) < _LEAST_RATINGS:
        return 0.0
    return 5.0 if max(numbers) <= 5 else 100.0 if statistics.median(numbers) > 10 else 10.0
