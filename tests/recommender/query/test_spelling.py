"""Spelling: nearest known words, and the distance behind it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.query.spelling import LONGEST, Spelling, errors_between

KNOWN = Spelling.of({"hitchcock": 30, "kubrick": 12, "rings": 9, "signs": 4, "inception": 1, "infection": 3, "ant": 2})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("hichcock", "hitchcock"), ("kubrik", "kubrick"), ("rigns", "rings"), ("inseption", "inception")],
)
def test_a_typing_error_or_two_are_forgiven(typed, meant):
    assert KNOWN.near(typed)[0] == meant


@pytest.mark.parametrize("typed", ["asdfgh", "kbrk", "an", "1999", "zxcvbnmasdfghqwertyuiopzxc"])
def test_what_is_too_far_too_short_or_no_word_stays(typed):
    assert KNOWN.near(typed) == []


def plain_distance(left: str, right: str) -> int:
    """Optimal string alignment, as it is written down in books."""
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
def test_the_distance_is_that_of_the_books(word, others):
    def codes(text: str) -> np.ndarray:
        return np.frombuffer(text.ljust(LONGEST, "\0").encode(), np.uint8)

    found = errors_between(
        codes(word)[: len(word)], np.stack([codes(other) for other in others]),
        np.array([len(other) for other in others], np.int16),
    )  # fmt: skip
    assert found.tolist() == [plain_distance(word, other) for other in others]
