from data_jobs.evaluate.parts.finder import NEAR, QUERIES, make, measure
from services.recommender.names.folding import words_of
from tests.recommender.names.cinema import FILMS, catalogue_of, finder_of

CATALOGUE = catalogue_of()


def test_there_are_five_hundred_queries_of_seven_kinds() -> None:
    assert sum(QUERIES.values()) == 500
    assert list(make(CATALOGUE, 0)) == list(QUERIES)


def test_each_kind_of_query_names_its_film_in_its_way() -> None:
    made = make(CATALOGUE, 0)
    assert {query.text for query in made["exact"]} == {film.title for film in FILMS}
    assert "Matrix, The" in {query.text for query in made["article moved"]}
    assert {"shichinin no samurai", "m eine stadt sucht einen morder"} & {query.text for query in made["latin"]}
    for query in made["typo"]:
        assert all(words_of(query.text) != words_of(FILMS[row].title) for row in query.relevant)
    for query in made["with year"]:
        (row,) = query.relevant
        assert str(FILMS[row].year) in query.text
    for query in made["prefix"]:
        assert any("".join(words_of(FILMS[row].title)).find(query.text.replace(" ", "")) >= 0 for row in query.relevant)


def test_all_films_of_a_name_are_relevant() -> None:
    (query,) = [query for query in make(CATALOGUE, 0)["exact"] if query.text == "M"]
    assert [FILMS[row].title for row in query.relevant] == ["M"]
    shared = next(query for query in make(CATALOGUE, 0)["exact"] if query.text == "Cape Fear")
    assert len(shared.relevant) == 2


def test_the_same_seed_makes_the_same_queries() -> None:
    assert make(CATALOGUE, 3) == make(CATALOGUE, 3)
    assert make(CATALOGUE, 3) != make(CATALOGUE, 4)


def test_the_bars_of_the_small_catalogue_are_met() -> None:
    result = measure(finder_of(), 0)
    assert [bar.met for bar in result.bars()] == [True, True]
    assert result.first["exact"].mean == 1.0
    assert result.near["typo"].mean >= 0.9
    assert set(result.milliseconds) == {"p50", "p95", "p99"}
    assert any("first five" in name for _, name, _ in result.figures())
    assert next(iter(result.tables())).title == "Finding a film by name"
    assert NEAR == 5


def test_a_catalogue_without_films_has_no_queries() -> None:
    result = measure(finder_of(()), 0)
    assert result.missed == ()
