"""People who like both films of a pair."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.train.interactions import interactions_of
from tests.data_jobs.train.worlds import events_of, ratings

FILMS = 6


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, FILMS - 1)), max_size=40), st.randoms())
def test_each_entry_counts_the_people_of_its_pair(likes: set[tuple[int, int]], random) -> None:
    columns = np.array([sorted(random.sample(range(FILMS), 3)) for _ in range(FILMS)], np.uint16)
    people = interactions_of(
        events_of(ratings(*((p, f, 5.0) for p, f in likes)), 10), np.arange(FILMS, dtype=np.int32), FILMS
    )
    counts = people.shared_likes(columns)
    for film in range(FILMS):
        for entry, column in enumerate(columns[film].tolist()):
            both = sum((person, film) in likes and (person, column) in likes for person in range(10))
            assert counts[film, entry] == both


def test_more_than_255_count_as_255() -> None:
    likes = [(person, film, 5.0) for person in range(300) for film in (0, 1)]
    people = interactions_of(events_of(ratings(*likes), 300), np.arange(2, dtype=np.int32), 2)
    assert people.shared_likes(np.array([[1], [0]], np.uint16)).tolist() == [[255], [255]]
