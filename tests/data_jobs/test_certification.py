"""Age ratings of several boards as ages."""

import pytest

from data_jobs.certification import age_of


@pytest.mark.parametrize(
    ("certification", "age"),
    [
        ("G", 0), ("U", 0), ("PG", 8), ("PG-13", 13), ("R", 17), ("NC-17", 18), ("12A", 12), ("15", 15), ("FSK 16", 16),
        ("16+", 16), (" tv-ma ", 17), ("Tous publics", 0), ("-12", 12), ("0", 0),
    ],
)  # fmt: skip
def test_known_ratings(certification: str, age: int) -> None:
    assert age_of(certification) == age


@pytest.mark.parametrize("certification", [None, "", "NR", "Unrated", "1972", "99", "approved"])
def test_a_certification_without_an_age_is_unknown(certification: str | None) -> None:
    assert age_of(certification) == -1
