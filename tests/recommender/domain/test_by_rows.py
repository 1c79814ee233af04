"""What several signals ask about the same films is computed once, and never taken for that of other films."""

import numpy as np

from services.recommender.domain.by_rows import ByRows


def test_a_value_is_computed_once_for_an_array_and_anew_for_an_equal_one():
    asked: list[list[int]] = []

    def total(rows: np.ndarray) -> int:
        asked.append(rows.tolist())
        return int(rows.sum())

    sums: ByRows[int] = ByRows()
    page = np.array([1, 2], np.int32)
    assert [sums.get(page, total), sums.get(page, total)] == [3, 3]
    assert asked == [[1, 2]]
    assert sums.get(page.copy(), total) == 3
    assert len(asked) == 2


def test_an_array_that_is_gone_does_not_leave_its_value_to_another():
    sums: ByRows[int] = ByRows()
    found = [sums.get(np.array([number], np.int32), lambda rows: int(rows[0])) for number in range(200)]
    assert found == list(range(200))
