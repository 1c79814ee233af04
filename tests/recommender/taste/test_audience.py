"""A child's list has films for children unless the request asks for others; other lists are not restricted."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.bundle import assemble
from data_jobs.catalogue import build_catalogue
from data_jobs.records import Events, Film
from data_jobs.sample.load import load_sample
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import from_mask, to_mask
from services.recommender.domain.history import EventKind, History
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Hits
from services.recommender.taste.audience import Audience, Judged
from services.recommender.taste.fold_in import Taste, fold_in
from tests.builders import HashEncoder, ManualClock, events, make_release, make_tables

CARTOON = ("Animation", "Family", "Comedy")


def film(title: str, *genres: str, keywords: str = "", by: str = "", age: str | None = None, year: int = 2000) -> Film:
    keyword_list = tuple(filter(None, keywords.split(", ")))
    return Film(title, title, year, genres, tuple(filter(None, [by])), keywords=keyword_list, certification=age)


FILMS = (
    *(film(f"Cartoon {number}", *CARTOON, by="Ada Drawn") for number in range(4)),
    film("Cartoon 5: Too Late", "Animation", "Action", year=2019),
    film("A Feast of Friends", "Family", "Drama"),
    film("Song of the Hills", "Family", "Drama", "Musical"),
    film("Scary Sweets", "Family", "Comedy", "Horror"),
    film("Boy Thief", "Family", "Drama", "Crime"),
    film("Dog Thief", "Family", "Comedy", "Crime"),
    film("Bare Facts", "Family", "Comedy", keywords="nudity"),
    film("Barer Facts", "Comedy", keywords="nudity, holiday"),
    film("Her Forest", "Animation", "Adventure", by="Ada Drawn"),
    film("Her War", "Animation", "War", by="Ada Drawn"),
    film("Her Nightmare", "Animation", "Fantasy", by="Ada Drawn", keywords="dystopia, blood"),
    film("Her Joke", "Animation", "Comedy", by="Ada Drawn", keywords="dark comedy"),
    film("Her Winter", "Animation", "Drama", by="Ada Drawn", keywords="blood"),
    film("Nobody's Forest", "Animation", "Adventure", keywords="dystopia, dark comedy"),
    film("Hal Wizard and the Stone", "Fantasy", "Adventure", "Family", year=2001),
    film("Hal Wizard and the Cellar", "Fantasy", "Adventure", year=2002),
    film("Hal Wizard and the Flame", "Fantasy", "Adventure", "Thriller", year=2005),
    film("Hal Wizard and the Late Heir", "Fantasy", "Adventure", year=2019),
    film("Far Stars", "Science Fiction", "Adventure"),
    film("Office Jokes", "Comedy"),
    film("Two Men and a Bag", "Crime", "Drama"),
    film("Rain on Sunday", "Drama", "Romance"),
    film("Rated Young", "Comedy", "Romance", age="PG"),
    film("Rated Young and Sad", "Drama", age="PG"),
    film("Rated Young and Bloody", "Horror", "Comedy", age="PG"),
    film("Rated Thirteen", "Fantasy", "Adventure", age="PG-13"),
    film("Rated Thirteen for Families", "Fantasy", "Family", age="PG-13"),
    film("Rated Old", "Animation", "Family", age="R"),
)  # fmt: skip
SUITABLE = {
    *(f"Cartoon {number}" for number in range(4)), "A Feast of Friends", "Song of the Hills", "Dog Thief", "Her Forest",
    "Her Winter", "Hal Wizard and the Stone", "Hal Wizard and the Cellar", "Rated Young", "Rated Thirteen for Families",
}  # fmt: skip
GROWN_UP = {
    "Barer Facts", "Her War", "Office Jokes", "Two Men and a Bag", "Rain on Sunday", "Rated Old",
}  # fmt: skip
CATALOGUE = build_catalogue(FILMS, Events.empty())
AUDIENCE = Audience(CATALOGUE)
JUDGED = AUDIENCE.films


def of_bundle(catalogue: Catalogue) -> Bundle:
    popularity = np.linspace(2, 0, len(catalogue)).astype(np.float32)
    return assemble(catalogue, make_tables(len(catalogue), 0), popularity, popularity, "ease-test")


def pipeline_of(bundle: Bundle, constants: Weights | None = None) -> Pipeline:
    return Pipeline(make_release(bundle), HashEncoder(), constants)


PIPELINE = pipeline_of(of_bundle(CATALOGUE))


def titles(mask: np.ndarray, catalogue: Catalogue = CATALOGUE) -> set[str]:
    return {catalogue.titles[row] for row in np.flatnonzero(mask)}


def taste_of(*liked: str, watched: tuple[str, ...] = ()) -> Taste:
    return fold_in(CATALOGUE, History.of([*events(*liked), *events(*watched, kind=EventKind.WATCH, start=90_000)]))


CHILD, PLAIN = taste_of("Cartoon 1"), Request()


def ask(*liked: str, pipeline: Pipeline = PIPELINE, **options):
    request = Request(liked=liked, k=100, **options)
    return pipeline.rank(request, None, Deadline.within(ManualClock(), 1.2))


def shown(ranking, catalogue: Catalogue = CATALOGUE) -> set[str]:
    return {catalogue.titles[item.row] for item in ranking.items}


class TestFilms:
    def test_films_suitable_for_children(self):
        assert titles(JUDGED.suitable) == SUITABLE

    def test_films_that_indicate_an_adult(self):
        grown_up = titles(JUDGED.grown_up)
        assert grown_up >= GROWN_UP
        assert not grown_up & {*SUITABLE, "Far Stars", "Scary Sweets", "Hal Wizard and the Flame", "Rated Thirteen"}

    def test_a_family_musical_indicates_a_child_but_a_family_drama_does_not(self):
        assert "A Feast of Friends" not in titles(JUDGED.childlike)
        assert {"Song of the Hills", "Cartoon 1", "Her Forest"} <= titles(JUDGED.childlike)

    def test_one_explicit_keyword_is_enough(self):
        assert not JUDGED.suitable[[FILM == "Bare Facts" for FILM in CATALOGUE.titles]].any()

    def test_an_empty_catalogue_works(self):
        empty = Audience(build_catalogue((), Events.empty()))
        assert len(empty.films.suitable) == len(empty.fitting(PLAIN, taste_of())) == 0

    @given(st.sets(st.sampled_from(["Family", "Animation", "Drama", "Comedy", "Horror", "Crime"])), st.integers(-1, 18))
    def test_no_film_is_both_for_children_and_an_indication_of_an_adult(self, genres, age):
        kind = film("It", *sorted(genres), age=None if age < 0 else str(age))
        films = Judged.of(build_catalogue((kind, film("Other", "Drama")), Events.empty()))
        assert not np.any(films.suitable & films.grown_up)
        assert not np.any(films.childlike & ~films.suitable)
        if "Horror" in genres or age > 13:
            assert not films.suitable[0]


class TestTaste:
    @pytest.mark.parametrize(
        ("liked", "child"),
        [
            (["Cartoon 1"], True),
            (["Cartoon 1", "Cartoon 2", "Her Forest"], True),
            (["Hal Wizard and the Stone", "Hal Wizard and the Flame"], True),
            (["Cartoon 0", "Cartoon 1", "Cartoon 2", "Cartoon 3", "Far Stars"], True),
            (["Cartoon 0", "Far Stars"], False),
            (["Cartoon 0", "Cartoon 1", "Cartoon 2", "Cartoon 3", "Two Men and a Bag"], False),
            (["Cartoon 0", "Cartoon 1", "Cartoon 2", "Cartoon 3", "Barer Facts"], False),
            (["A Feast of Friends"], False),
            (["Nobody's Forest"], False),
            (["Rated Old"], False),
            (["Two Men and a Bag"], False),
            ([], False),
        ],
    )
    def test_a_child_likes_films_for_children_and_none_for_adults(self, liked, child):
        assert AUDIENCE.is_child(taste_of(*liked)) is child

    def test_films_that_were_only_watched_do_not_count(self):
        assert AUDIENCE.is_child(taste_of("Cartoon 1", watched=("Two Men and a Bag",)))
        assert not AUDIENCE.is_child(taste_of(watched=("Cartoon 1", "Cartoon 2")))

    def test_the_rest_of_a_liked_series_is_allowed(self):
        assert "Hal Wizard and the Flame" in titles(AUDIENCE.fitting(PLAIN, taste_of("Hal Wizard and the Stone")))
        assert "Hal Wizard and the Flame" not in titles(AUDIENCE.fitting(PLAIN, taste_of("Cartoon 1")))

    @given(st.lists(st.sampled_from([film.title for film in FILMS]), unique=True, min_size=1, max_size=6))
    def test_the_quick_check_does_not_change_the_result(self, liked):
        rows = taste_of(*liked).rows
        childlike = np.count_nonzero(JUDGED.childlike[rows]) >= 0.8 * len(rows)
        assert AUDIENCE.is_child(taste_of(*liked)) == bool(childlike and not JUDGED.grown_up[rows].any())

    def test_most_tastes_are_decided_without_judging_the_whole_catalogue(self):
        audience = Audience(CATALOGUE)
        assert not audience.is_child(taste_of("Two Men and a Bag", "Far Stars", "Cartoon 1"))
        assert "films" not in vars(audience)


class TestSimilarFilms:
    def allowed_as_similar(self, title: str) -> set[str]:
        row = next(row for row, film in enumerate(FILMS) if film.title == title)
        return titles(AUDIENCE.allowed_as_similar(row))

    def test_a_film_made_for_children_has_none_for_adults(self):
        result = self.allowed_as_similar("Cartoon 0")
        assert not result & {"Office Jokes", "Rain on Sunday", "Two Men and a Bag", "Scary Sweets", "Barer Facts"}
        assert {"Far Stars", "Hal Wizard and the Stone", "Cartoon 1"} <= result

    def test_a_serious_film_for_children_may_have_some_serious_ones(self):
        result = self.allowed_as_similar("Song of the Hills")
        assert {"Office Jokes", "A Feast of Friends", "Rated Young"} <= result
        assert not result & {"Rain on Sunday", "Two Men and a Bag", "Scary Sweets", "Her War"}

    def test_a_film_that_children_may_see_has_none_for_adults_only(self):
        result = self.allowed_as_similar("A Feast of Friends")
        assert "Rain on Sunday" in result
        assert not result & {"Scary Sweets", "Bare Facts", "Rated Old"}

    def test_a_film_for_adults_may_have_any(self):
        assert len(self.allowed_as_similar("Two Men and a Bag")) == len(FILMS)


class TestOneLike:
    """Adults like cartoons, too: a single stored like is weak evidence, a film given with the request is not."""

    def test_with_one_stored_like_only_films_for_adults_only_are_left_out(self):
        fitting = AUDIENCE.fitting(Request(user_id="ann"), CHILD)
        assert titles(~fitting) == {
            "Scary Sweets", "Bare Facts", "Barer Facts", "Rated Young and Bloody", "Rated Old",
        }  # fmt: skip

    def test_a_second_like_or_a_film_in_the_request_indicates_a_child(self):
        second = taste_of("Cartoon 1", "Cartoon 2")
        assert titles(AUDIENCE.fitting(Request(user_id="ann"), second)) == SUITABLE
        assert titles(AUDIENCE.fitting(Request(user_id="ann", liked=("Cartoon 1",)), CHILD)) == SUITABLE


class TestRequests:
    @pytest.mark.parametrize("query", ["horror", "a gangster film", "Serial killers", "film noir", "vampire", "SEX"])
    def test_queries_that_ask_for_films_for_adults(self, query):
        assert not AUDIENCE.asks_for_less(Request(query=query), CHILD)

    @pytest.mark.parametrize("query", ["killer whale", "star wars", "dinosaurs", "a wardrobe", None, "sussex"])
    def test_queries_that_do_not(self, query):
        assert AUDIENCE.asks_for_less(Request(query=query), CHILD)

    def test_a_genre_filter_may_ask_for_films_for_adults(self):
        crime, drama = Filters(genres=to_mask(["Crime", "Comedy"])), Filters(genres=to_mask(["Drama"]))
        assert not AUDIENCE.asks_for_less(Request(filters=crime), CHILD)
        assert AUDIENCE.asks_for_less(Request(filters=drama), CHILD)
        assert AUDIENCE.asks_for_less(Request(filters=Filters(not_genres=to_mask(["Horror"]))), CHILD)

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ("two men, and a BAG!", {"Two Men and a Bag"}),
            ("the two men and a bag", {"Two Men and a Bag"}),
            ("rain on sunday", {"Rain on Sunday"}),
            ("two men", set()),
            ("bag", set()),
        ],
    )
    def test_a_film_is_named_by_its_whole_title(self, query, named):
        rows = np.arange(len(CATALOGUE), dtype=np.int32)
        for rows_hit, result in ((rows[-20:], named), (rows[:0], set())):
            hits = Hits(rows_hit, np.ones(len(rows_hit), np.float32), 1.0)
            fitting = AUDIENCE.fitting(Request(query=query), CHILD, hits)
            assert titles(fitting & ~JUDGED.suitable) == result


class TestLists:
    def test_a_childs_list_has_only_suitable_films_and_counts_those_left_out(self):
        ranking = ask("Cartoon 1")
        assert shown(ranking) == SUITABLE - {"Cartoon 1"}
        assert ranking.counts["not_for_children"] == len(FILMS) - len(SUITABLE)
        assert not ranking.more

    def test_other_lists_are_not_restricted(self):
        for liked in ([], ["Two Men and a Bag"], ["Cartoon 1", "Two Men and a Bag"]):
            ranking = ask(*liked)
            assert len(ranking.items) == len(FILMS) - len(liked)
            assert "not_for_children" not in ranking.counts

    def test_filters_and_queries_for_other_films_are_answered(self):
        horror = Filters(genres=to_mask(["Horror"]))
        assert shown(ask("Cartoon 1", filters=horror)) == {"Scary Sweets", "Rated Young and Bloody"}
        assert "Two Men and a Bag" in shown(ask("Cartoon 1", query="crime and drama"))

    def test_a_film_named_in_the_query_is_included(self):
        ranking = ask("Cartoon 1", query="Two Men and a Bag")
        assert shown(ranking) == SUITABLE - {"Cartoon 1"} | {"Two Men and a Bag"}

    def test_a_given_plan_restricts_nothing(self):
        """A caller that leaves films out of a taste must get every film, even if the rest looks like a child's."""
        request = Request(liked=("Cartoon 1",), k=100)
        plan = PIPELINE.plan(request, None)
        ranking = PIPELINE.rank(request, None, Deadline.within(ManualClock(), 1.2), plan=plan)
        assert len(ranking.items) == len(FILMS) - 1

    def test_filters_restrict_further(self):
        assert shown(ask("Cartoon 1", filters=Filters(genres=to_mask(["Drama"])))) == {
            "A Feast of Friends",
            "Song of the Hills",
            "Her Winter",
        }

    def test_the_playbook_preset_is_restricted_too(self):
        playbook = pipeline_of(of_bundle(CATALOGUE), Weights(formula="playbook"))
        assert shown(ask("Cartoon 1", pipeline=playbook)) <= SUITABLE

    @given(st.lists(st.sampled_from([film.title for film in FILMS]), unique=True, max_size=4), st.booleans())
    def test_every_list_of_a_child_is_suitable(self, liked, words):
        ranking = ask(*liked, query="friends" if words else None)
        taste = taste_of(*liked)
        if AUDIENCE.is_child(taste):
            assert shown(ranking) <= titles(AUDIENCE.fitting(PLAIN, taste))


MIYAZAKI = {
    "The Castle of Cagliostro", "Nausicaä of the Valley of the Wind", "Porco Rosso", "Princess Mononoke",
    "Howl's Moving Castle", "The Boy and the Heron",
}  # fmt: skip


@cache
def sample() -> Pipeline:
    """Return a pipeline over the sample with meaningless tables, since suitability must not depend on them."""
    dataset, _ = load_sample()
    return pipeline_of(of_bundle(build_catalogue(dataset.films, dataset.events)))


class TestSample:
    """Tastes of various children, with well-known films."""

    @pytest.mark.parametrize(
        "liked",
        [
            ["Toy Story"],
            ["Finding Nemo", "Up", "Ratatouille"],
            ["The Lion King", "Mulan", "The Little Mermaid"],
            ["Snow White and the Seven Dwarfs", "Pinocchio", "Bambi"],
            ["Spirited Away", "My Neighbor Totoro", "Howl's Moving Castle"],
            ["Harry Potter and the Philosopher's Stone", "The Wizard of Oz"],
            ["Home Alone"],
            ["Mary Poppins", "The Sound of Music"],
            ["Shrek", "Frozen", "Encanto"],
            ["E.T. the Extra-Terrestrial", "The Iron Giant"],
        ],
    )
    def test_the_first_fifty_films_for_a_child_are_suitable(self, liked):
        pipeline = sample()
        catalogue = pipeline.bundle.catalogue
        ids = [catalogue.item_ids[list(catalogue.titles).index(title)] for title in liked]
        items = ask(*ids, pipeline=pipeline).items[:50]
        assert len(items) >= 40
        for item in items:
            genres = set(from_mask(int(catalogue.genre_bits[item.row])))
            assert not genres & {"Horror", "War", "Film-Noir", "Thriller"}, catalogue.titles[item.row]
            assert "Family" in genres or catalogue.titles[item.row] in MIYAZAKI

    @pytest.mark.parametrize(
        "liked",
        [["Toy Story", "Pulp Fiction"], ["Pulp Fiction"], ["It's a Wonderful Life"], ["Akira", "Spirited Away"]],
    )
    def test_adults_who_like_a_childrens_film_are_not_restricted(self, liked):
        pipeline = sample()
        catalogue = pipeline.bundle.catalogue
        ids = [catalogue.item_ids[list(catalogue.titles).index(title)] for title in liked]
        assert "not_for_children" not in ask(*ids, pipeline=pipeline).counts
