import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.names.typos import LONGEST, errors_inside, grams_of, letters_of

WORDS = st.text("abc", min_size=1, max_size=7)


def plain(left: str, right: str) -> int:
    """Return the optimal string alignment distance, computed cell by cell."""
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for a in range(len(left) + 1):
        for b in range(len(right) + 1):
            if not a or not b:
                table[a][b] = a + b
                continue
            cost = min(table[a - 1][b] + 1, table[a][b - 1] + 1, table[a - 1][b - 1] + (left[a - 1] != right[b - 1]))
            if a > 1 and b > 1 and left[a - 2 : a] == right[b - 2 : b][::-1]:
                cost = min(cost, table[a - 2][b - 2] + 1)
            table[a][b] = cost
    return table[-1][-1]


@given(WORDS, st.lists(WORDS, min_size=1, max_size=5))
def test_errors_to_whole_names_equal_the_plain_distance(typed, names):
    errors, _ = errors_inside(letters_of([typed], len(typed))[0], letters_of(names, LONGEST), whole=True)
    assert errors.tolist() == [plain(typed, name) for name in names]


@given(WORDS, st.lists(WORDS, min_size=1, max_size=5))
def test_errors_to_a_part_are_the_minimum_over_all_parts(typed, names):
    errors, _ = errors_inside(letters_of([typed], len(typed))[0], letters_of(names, LONGEST), whole=False)
    parts = [
        min(plain(typed, name[a:b]) for a in range(len(name) + 1) for b in range(a, len(name) + 1)) for name in names
    ]
    assert errors.tolist() == parts


def test_trigrams_mark_the_beginning_and_are_distinct():
    assert len(grams_of("heat")) == 3
    assert len(grams_of("aaaaaa")) == 2
    assert grams_of("").tolist() == grams_of("a").tolist() == []
    assert grams_of("heat").dtype == np.int64
