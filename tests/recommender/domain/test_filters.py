import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.genres import GENRES, from_mask, to_mask
from tests.builders import make_catalogue

CATALOGUE = make_catalogue(60)
LAST = 59  # the film without year, language and running time

MASKS = st.sets(st.sampled_from(GENRES)).map(to_mask)
YEARS = st.none() | st.integers(-10, 3_000) | st.just(2**40)
FILTERS = st.builds(
    Filters,
    genres=MASKS,
    not_genres=MASKS,
    year_from=YEARS,
    year_to=YEARS,
    runtime_to=st.none() | st.integers(-5, 200) | st.just(2**40),
    languages=st.lists(st.sampled_from(["en", "fr", "ja", "xx"]), max_size=3).map(tuple),
    min_votes=st.integers(0, 700) | st.just(2**40),
    rows=st.none() | st.sets(st.integers(0, 59)).map(lambda rows: tuple(sorted(rows))),
)


def passes(filters: Filters, row: int) -> bool:
    """Return whether one film passes, in plain Python."""
    genres = set(from_mask(int(CATALOGUE.genre_bits[row])))
    year, code = int(CATALOGUE.years[row]), int(CATALOGUE.language_codes[row])
    language = CATALOGUE.languages[code] if code >= 0 else None
    by_year = filters.year_from is not None or filters.year_to is not None
    return all(
        (
            not filters.genres or genres & set(from_mask(filters.genres)),
            not genres & set(from_mask(filters.not_genres)),
            not by_year or year > 0,
            filters.year_from is None or year >= filters.year_from,
            filters.year_to is None or year <= filters.year_to,
            filters.runtime_to is None or 0 < CATALOGUE.runtimes[row] <= filters.runtime_to,
            not filters.languages or language in filters.languages,
            CATALOGUE.votes[row] >= filters.min_votes,
            filters.rows is None or row in filters.rows,
        )
    )


@given(FILTERS)
def test_the_mask_equals_the_plain_rules(filters):
    mask = filters.mask(CATALOGUE)
    assert mask.dtype == bool
    assert mask.tolist() == [passes(filters, row) for row in range(60)]


@given(FILTERS, FILTERS)
def test_more_conditions_never_let_more_films_through(first, second):
    both = Filters(
        genres=first.genres, not_genres=first.not_genres | second.not_genres, year_from=first.year_from,
        year_to=first.year_to, runtime_to=first.runtime_to, languages=first.languages,
        min_votes=max(first.min_votes, second.min_votes), rows=first.rows,
    )  # fmt: skip
    assert not np.any(both.mask(CATALOGUE) & ~first.mask(CATALOGUE))


def test_no_filters_let_everything_through():
    assert NO_FILTERS.is_empty
    assert NO_FILTERS.mask(CATALOGUE).all()
    assert not Filters(min_votes=1).is_empty
    assert not Filters(rows=()).is_empty


@pytest.mark.parametrize(
    "filters",
    [
        Filters(year_from=0),
        Filters(year_to=3_000),
        Filters(year_from=-5),
        Filters(languages=("en",)),
        Filters(runtime_to=6_000),
    ],
)
def test_an_unknown_fact_fails_a_filter_on_it(filters):
    assert not filters.mask(CATALOGUE)[LAST]


def test_years_are_inclusive():
    year = int(CATALOGUE.years[5])
    assert Filters(year_from=year, year_to=year).mask(CATALOGUE)[5]
    assert not Filters(year_from=year + 1).mask(CATALOGUE)[5]
    assert not Filters(year_from=2_000, year_to=1_990).mask(CATALOGUE).any()


def test_a_running_time_is_inclusive():
    minutes = int(CATALOGUE.runtimes[5])
    assert Filters(runtime_to=minutes).mask(CATALOGUE)[5]
    assert not Filters(runtime_to=minutes - 1).mask(CATALOGUE)[5]


def test_an_unknown_language_lets_nothing_through():
    assert not Filters(languages=("xx",)).mask(CATALOGUE).any()
