import json
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.catalogue import arranged, build_catalogue, traits_of
from data_jobs.records import Dataset, Events, Film
from services.recommender.domain.catalogue import TraitKind, hash_id
from services.recommender.domain.genres import from_mask
from tests.films import FILMS, make_events


def built():
    return build_catalogue(FILMS, make_events())


def test_one_row_per_film_in_the_given_order():
    catalogue = built()
    assert list(catalogue.item_ids) == [film.item_id for film in FILMS]
    assert list(catalogue.titles) == [film.title for film in FILMS]
    assert catalogue.years.tolist() == [film.year or 0 for film in FILMS]
    assert catalogue.tmdb_ids.tolist() == [film.tmdb_id or 0 for film in FILMS]
    assert [tuple(from_mask(int(bits))) for bits in catalogue.genre_bits] == [film.genres for film in FILMS]


def test_ids_lead_to_their_rows():
    catalogue = built()
    assert catalogue.rows_of([film.item_id for film in FILMS]).tolist() == list(range(len(FILMS)))
    assert catalogue.rows_of(["nobody"]).tolist() == [-1]
    assert np.all(np.diff(catalogue.hashes.astype(np.float64)) > 0)
    assert int(catalogue.hashes[0]) == hash_id(FILMS[catalogue.hash_rows[0]].item_id)


def test_languages_are_codes_into_sorted_names():
    catalogue = built()
    assert catalogue.languages == ("en", "fr", "ja")
    names = [catalogue.languages[code] if code >= 0 else None for code in catalogue.language_codes]
    assert names == [film.language for film in FILMS]


def test_votes_are_those_of_tmdb_else_the_people_with_a_positive_event():
    votes = dict(zip((film.item_id for film in FILMS), built().votes.tolist(), strict=True))
    assert votes["h1"] == 7_000
    assert votes["x1"] == 0, "two stars are not a positive event"
    assert votes["t1"] == 0
    odd = (replace(FILMS[0], vote_count=2**40), replace(FILMS[1], vote_count=-3))
    assert build_catalogue(odd, Events.empty()).votes.tolist() == [2**31 - 1, 0]


def test_details_are_json_with_every_key():
    catalogue = built()
    heat = json.loads(catalogue.details[2])
    assert heat["title_year"] == "Heat (1995)"
    assert heat["directors"] == ["Michael Mann"]
    assert heat["runtime"] == 170
    assert {key for row in catalogue.details for key in json.loads(row)} == set(heat)
    assert {len(json.loads(row)) for row in catalogue.details} == {len(heat)}


def test_numbers_out_of_range_are_unknown():
    odd = Film("1", "X", year=70_000, tmdb_id=2**40)
    catalogue = build_catalogue((odd,), Events.empty())
    assert catalogue.years.tolist() == [0]
    assert catalogue.tmdb_ids.tolist() == [0]


def test_traits_of_a_film():
    matrix = FILMS[0]
    assert set(traits_of(matrix)) == {
        (TraitKind.LANGUAGE, "en"),
        (TraitKind.GENRE, "Action"),
        (TraitKind.GENRE, "Science Fiction"),
        (TraitKind.DECADE, "1990s"),
        (TraitKind.ERA, "1980s and 1990s"),
        (TraitKind.ERA, "1990s and 2000s"),
        (TraitKind.DIRECTOR, "Lana Wachowski"),
        (TraitKind.DIRECTOR, "Lilly Wachowski"),
        (TraitKind.KEYWORD, "simulation"),
        (TraitKind.KEYWORD, "hacker"),
        (TraitKind.KEYWORD, "cyberpunk"),
        (TraitKind.CAST, "Keanu Reeves"),
        (TraitKind.CAST, "Carrie-Anne Moss"),
    }
    assert list(traits_of(Film("1", "X"))) == []
    assert len(list(traits_of(Film("1", "X", cast=tuple("abcdefgh"))))) == 5


def test_only_traits_of_several_films_are_kept():
    catalogue = built()
    traits = catalogue.traits
    shared = {(TraitKind(int(kind)), name) for kind, name in zip(traits.kinds, traits.names, strict=True)}
    assert (TraitKind.DIRECTOR, "Michael Mann") in shared
    assert (TraitKind.KEYWORD, "simulation") in shared
    assert (TraitKind.KEYWORD, "hacker") not in shared
    assert (TraitKind.CAST, "Keanu Reeves") in shared
    assert list(zip(traits.kinds.tolist(), traits.names, strict=True)) == sorted(
        zip(traits.kinds.tolist(), traits.names, strict=True)
    )


def test_rows_and_counts_of_traits_agree():
    traits = built().traits
    assert traits.offsets[0] == 0
    assert traits.offsets[-1] == len(traits.ids)
    assert traits.films.tolist() == np.bincount(traits.ids, minlength=len(traits.films)).tolist()
    assert traits.films.min() >= 2
    for row, film in enumerate(FILMS):
        named = {(int(traits.kinds[trait]), traits.names[trait]) for trait in traits.of(row)}
        assert named <= {(int(kind), name) for kind, name in traits_of(film)}
        assert traits.of(row).tolist() == sorted(set(traits.of(row).tolist()))


def test_no_films_at_all():
    catalogue = build_catalogue((), Events.empty())
    assert len(catalogue) == 0
    assert catalogue.rows_of(["x"]).tolist() == [-1]
    assert catalogue.traits.offsets.tolist() == [0]


def test_best_known_films_come_first():
    dataset = Dataset(FILMS, make_events(), ("made up",))
    after = arranged(dataset)
    assert [film.item_id for film in after.films][:3] == ["h1", "m1", "s1"]
    assert [film.item_id for film in after.films][-2:] == ["t1", "x1"]
    rated = [after.films[row].item_id for row in after.events.film]
    assert rated == [FILMS[row].item_id for row in dataset.events.film]
    assert after.sources == dataset.sources


@given(st.permutations(FILMS))
def test_the_order_of_the_files_does_not_matter(films):
    shuffled = arranged(Dataset(tuple(films), make_events(tuple(films)), ()))
    assert shuffled.films == arranged(Dataset(FILMS, make_events(), ())).films
    assert shuffled.events.film.dtype == np.int32
