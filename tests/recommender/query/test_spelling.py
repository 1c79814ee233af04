"""Spelling: the nearest known words, and the edit distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.query.spelling import LONGEST, Spelling, errors_between

KNOWN = Spelling.of({"hitchcock": 30, "kubrick": 12, "rings": 9, "signs": 4, "inception": 1, "infection": 3, "ant": 2})


@pytest.mark.parametrize(
    ("typed", "corrected"),
    [("hichcock", "hitchcock"), ("kubrik", "kubrick"), ("rigns", "rings"), ("inseption", "inception")],
)
def test_one_or_two_typing_errors_are_corrected(typed, corrected):
    assert KNOWN.near(typed)[0] == corrected


@pytest.mark.parametrize("typed", ["asdfgh", "kbrk", "an", "1999", "zxcvbnmasdfghqwertyuiopzxc"])
def test_words_that_are_too_different_short_or_long_and_numbers_stay(typed):
    assert KNOWN.near(typed) == []


def plain_distance(left: str, right: str) -> int:
    """Return the optimal string alignment distance by its textbook definition."""
    rows = [list(range(len(right) + 1))]
    for i in range(1, len(left) + 1):
        rows.append([i])
        for j in range(1, len(right) + 1):
            differs = left[i - 1] != right[j - 1]
            cost = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + differs)
            if i > 1 and j > 1 and left[i - 1] == right[j - 2] and left[i - 2] == right[j - 1]:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            rows[i].append(cost)
    return rows[-1][-1]


letters = st.text(alphabet="abc", min_size=1, max_size=7)


@given(letters, st.lists(letters, min_size=1, max_size=5))
def test_the_distance_equals_the_textbook_definition(word, others):
    def codes(text: str) -> np.ndarray:
        return np.frombuffer(text.ljust(LONGEST, "\0").encode(), np.uint8)

    result = errors_between(
        codes(word)[: len(word)], np.stack([codes(other) for other in others]),
        np.array([len(other) for other in others], np.int16),
    )  # fmt: skip
    assert result.tolist() == [plain_distance(word, other) for other in others]
