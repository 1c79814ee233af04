import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.genres import GENRES, canonical, from_mask, to_mask


@given(st.sets(st.sampled_from(GENRES)))
def test_a_mask_converts_back_to_its_genres(names):
    mask = to_mask(names)
    assert 0 <= mask < 2**32
    assert set(from_mask(mask)) == names
    assert from_mask(mask) == tuple(sorted(names, key=GENRES.index))


@given(st.sampled_from(GENRES), st.sampled_from([str.lower, str.upper, str.title, " {} ".format]))
def test_spelling_does_not_matter(name, spell):
    assert canonical(spell(name)) == name


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Sci-Fi", "Science Fiction"),
        ("Children", "Family"),
        ("children's", "Family"),
        ("FILM NOIR", "Film-Noir"),
        ("kids", "Family"),
        ("animated", "Animation"),
    ],
)
def test_aliases(alias, name):
    assert canonical(alias) == name


@pytest.mark.parametrize("name", ["", "Heist", "(no genres listed)", "drama|war", "\0", "İ"])
def test_unknown_names_are_no_genres(name):
    assert canonical(name) is None


def test_a_mask_of_an_unknown_genre_is_an_error():
    with pytest.raises(KeyError):
        to_mask(["Drama", "Heist"])


def test_stored_codes_never_change():
    assert (GENRES.index("Action"), GENRES.index("Drama"), GENRES.index("Western")) == (0, 6, 21)
    assert len(set(GENRES)) == len(GENRES) <= 32


def test_bits_beyond_the_vocabulary_are_ignored():
    assert from_mask(1 << 31) == ()
