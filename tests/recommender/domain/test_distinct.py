"""Different values, as numpy has them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.recommender.domain.distinct import distinct


@given(arrays(st.sampled_from([np.int32, np.uint64, np.int64]), st.integers(0, 40), elements=st.integers(0, 9)))
def test_they_are_those_of_numpy(values: np.ndarray) -> None:
    found = distinct(values)
    assert found.dtype == values.dtype
    assert found.tolist() == np.unique(values).tolist()
