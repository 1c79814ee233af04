"""Each kind of condition: how it is recognised, which words remain, and which films pass."""

import pytest


@pytest.mark.parametrize(
    ("query", "ids", "text"),
    [
        ("movies from the 90s", ["year:1990-1999"], ""),
        ("best movies of 1999", ["year:1999"], ""),
        ("the nineties", ["year:1990-1999"], ""),
        ("early 80s sharks", ["year:1980-1983"], "sharks"),
        ("movies made before 1950", ["year:-1949"], ""),
        ("films until 1960", ["year:-1960"], ""),
        ("alien films after 1979", ["year:1980-"], "alien"),
        ("sharks since 1975", ["year:1975-"], "sharks"),
        ("between 1950 and 1965", ["year:1950-1965"], ""),
        ("films from 1980 to 1985", ["year:1980-1985"], ""),
        ("1980-1985 films", ["year:1980-1985"], ""),
        ("old movies", ["year:-1979"], ""),
        ("classic shark movies", ["year:-1979"], "shark"),
        ("a film set in the 1920s", [], "1920s"),
        ("early sharks", [], "early sharks"),
        ("films from the year 1999", ["year:1999"], ""),
        ("years 80", ["year:1980-1989"], ""),
        ("80er filme", ["year:1980-1989"], ""),
        ("90 s movies", ["year:1990-1999"], ""),
        ("between 1950 and sharks", ["year:1950"], "sharks"),
        ("old man", [], "old man"),
    ],
)
def test_times(theatre, query, ids, text):
    understood = theatre.understand(query)
    assert [condition.id for condition in understood.conditions] == ids
    assert understood.text == text


@pytest.mark.parametrize(
    ("query", "which"),
    [
        ("comedy under 90 minutes", "runtime:-90"),
        ("less than two hours", "runtime:-120"),
        ("films longer than three hours", "runtime:180-"),
        ("no longer than an hour and a half", "runtime:-90"),
        ("war film over two and a half hours", "runtime:150-"),
        ("war film over two hours and a half", "runtime:150-"),
        ("1h30", "runtime:79-101"),
        ("two hour western", "runtime:106-134"),
        ("not too long", "not:long"),
        ("moins de deux heures", "runtime:-120"),
        ("unter 90 Minuten", "runtime:-90"),
    ],
)
def test_runtimes(theatre, query, which):
    assert which in theatre.ids(query)


def test_short_films_are_short(theatre):
    assert theatre.films("short films", "form:short film") == {"Geri's Game"}


@pytest.mark.parametrize(
    ("query", "which"),
    [
        ("horreur", "genre:horror"),
        ("Komödie", "genre:comedy"),
        ("comedia", "genre:comedy"),
        ("westerns", "genre:western"),
        ("romcoms", "genre:romantic comedy"),
        ("sci-fi about computers", "genre:science fiction"),
        ("documentaries", "genre:documentary"),
        ("filmes de ação", "genre:action"),
        ("film di guerra", "genre:war"),
        ("Zeichentrickfilm", "genre:animation"),
        ("japanese anime", "genre:anime"),
        ("feel-good movie", "mood:feel-good"),
        ("something for my kids", "audience:for children"),
        ("kids' film", "audience:for children"),
        ("a film for a 6 year old", "audience:for children"),
        ("like Toy Story but for grown-ups", "audience:for adults"),
        ("something my grandma would enjoy", "audience:for grandparents"),
        ("a comedy to watch with my grandparents", "audience:for grandparents"),
        ("a thriller for my parents", "audience:for parents"),
        ("old black and white comedies", "year:-1979"),
        ("family film", "genre:family"),
    ],
)
def test_kinds_of_film(theatre, query, which):
    assert which in theatre.ids(query)


@pytest.mark.parametrize(
    ("query", "absent"),
    [
        ("a family moves to the country", "genre:family"),
        ("a crime in the woods", "genre:crime"),
        ("the korean war", "genre:war"),
        ("the korean war", "language:korean"),
        ("they fall in love", "genre:romance"),
        ("a film with children", "audience:for children"),
        ("a drama about my grandmother", "audience:for grandparents"),
        ("an old man and a boy", "year:-1979"),
    ],
)
def test_words_of_a_plot_are_no_conditions(theatre, query, absent):
    assert absent not in theatre.ids(query)


def test_romantic_comedies_are_both(theatre):
    films = theatre.films("romantic comedy in Paris", "genre:romantic comedy")
    assert films == {"It's Complicated", "Notting Hill", "Amélie"}
    assert theatre.understand("romantic comedy in Paris").words == ("paris",)


@pytest.mark.parametrize(
    ("query", "ids", "words"),
    [
        ("a fun film for tonight", ["mood:fun"], ()),
        ("something different", [], ()),
        ("a weird quirky film", ["mood:strange"], ()),
        ("something strange and funny", ["mood:strange", "mood:funny"], ()),
        ("movies to watch with my girlfriend", ["audience:for two"], ()),
        ("a boy who makes fun of his teacher", [], ("boy", "makes", "fun", "teacher")),
        ("a brilliant mathematician", [], ("brilliant", "mathematician")),
        ("nothing sad please, something funny", ["not:mood:sad", "mood:funny"], ()),
        ("something exciting but nothing scary", ["mood:exciting", "not:mood:scary"], ()),
        ("a comedy, nothing vulgar", ["genre:comedy", "not:mood:raunchy"], ()),
        ("a comedy, nothing with cats, nothing violent", ["genre:comedy", "not:cats", "not:violent"], ()),
        ("a man with nothing to hide", [], ("man", "nothing", "hide")),
        ("his wife disappears", [], ("wife", "disappears")),
        ("a strange light in the woods", [], ("strange", "light", "woods")),
    ],
)
def test_everyday_words_describe_a_film_or_its_plot(theatre, query, ids, words):
    understood = theatre.understand(query)
    assert [condition.id for condition in understood.conditions] == ids
    assert understood.words == words


def test_films_for_children_exclude_all_others(theatre):
    films = theatre.films("christmas movie for kids", "audience:for children")
    assert {"Home Alone", "Finding Nemo", "Spirited Away"} <= films
    assert not films & {"Black Christmas", "Psycho", "Oldboy"}


@pytest.mark.parametrize(
    ("query", "which"),
    [
        ("korean thriller", "language:korean"),
        ("films from Japan", "language:japanese"),
        ("film coréen", "language:korean"),
        ("japanische Filme", "language:japanese"),
        ("cine español", "language:spanish"),
    ],
)
def test_languages(theatre, query, which):
    condition = theatre.condition(query, which)
    assert condition.hard


def test_a_nationality_in_a_plot_is_a_soft_condition_and_a_word(theatre):
    understood = theatre.understand("german submarine crew in a big war at sea")
    (condition,) = understood.conditions
    assert (condition.id, condition.hard) == ("language:german", False)
    assert "german" in understood.words


@pytest.mark.parametrize(
    ("query", "films"),
    [
        ("films by kurosawa", {"Seven Samurai", "Yojimbo"}),
        ("alfred hitchcock", {"Psycho", "Vertigo", "Rear Window"}),
        ("hichcock thrillers", {"Psycho", "Vertigo", "Rear Window"}),
        ("the coen brothers", {"Fargo", "The Big Lebowski"}),
        ("starring Meryl Streep", {"Kramer vs. Kramer", "It's Complicated"}),
        ("películas con Meryl Streep", {"Kramer vs. Kramer", "It's Complicated"}),
        ("stanly kubrick", {"The Shining", "2001: A Space Odyssey"}),
        ("hideo nakata", {"Ring"}),
        ("films with Simon Pegg", {"Shaun of the Dead"}),
    ],
)
def test_people(theatre, query, films):
    person = next(condition for condition in theatre.understand(query).conditions if condition.kind == "person")
    assert set(theatre.titles(person.demand.mask(theatre.lookup).nonzero()[0])) == films
    assert theatre.understand(query).text == ""


def test_a_person_of_a_single_film_is_recognised_by_the_full_name_only(theatre):
    assert theatre.condition("hideo nakata", "person:hideo nakata").text == "directed by Hideo Nakata"
    assert theatre.condition("simon pegg", "person:simon pegg").text == "with Simon Pegg"
    assert not theatre.ids("pegg")
    assert not theatre.ids("simon pegg haunted motel")


def test_a_series_is_a_soft_condition(theatre):
    condition = theatre.condition("star wars films", "series:star wars")
    assert not condition.hard
    assert len(theatre.films("star wars films", "series:star wars")) == 3


def test_a_misspelt_series_is_recognised(theatre):
    assert theatre.ids("star wrs") == ["series:star wars"]


@pytest.mark.parametrize(
    ("query", "which", "excluded", "included"),
    [
        ("horror but not zombies", "not:zombies", {"Shaun of the Dead", "Night of the Living Dead"}, "Psycho"),
        ("comedy without romance", "not:genre:romance", {"Notting Hill", "Amélie"}, "Home Alone"),
        ("not horror, something calm", "not:genre:horror", {"Psycho", "Ring"}, "Amélie"),
        ("space adventure except star wars", "not:series:star wars",
         {"Star Wars: Episode IV - A New Hope"}, "Jurassic Park"),
        ("thrillers without james stewart", "not:person:james stewart", {"Vertigo"}, "Psycho"),
        ("film d'horreur sans zombies", "not:zombies", {"Shaun of the Dead"}, "Ring"),
        ("Komödie ohne Romantik", "not:romantik", set(), "Fargo"),
        ("terror sin zombis", "not:zombie", {"Shaun of the Dead"}, "Ring"),
        ("war film but not world war i", "not:world war", {"1917", "Generation War"}, "Psycho"),
        ("science fiction without aliens", "not:alien", {"Alien", "The Thing"}, "2001: A Space Odyssey"),
        ("science fiction with no aliens", "not:alien", {"Alien", "The Thing"}, "2001: A Space Odyssey"),
        ("black and white films without zombies", "not:zombie", {"Night of the Living Dead"}, "Psycho"),
        ("horror not by Hitchcock", "not:person:alfred hitchcock", {"Psycho"}, "Ring"),
        ("thrillers not directed by Alfred Hitchcock", "not:person:alfred hitchcock", {"Psycho"}, "Fargo"),
        ("comedies not starring Julia Roberts", "not:person:julia roberts", {"Notting Hill"}, "Home Alone"),
        ("horror not in Japanese", "not:language:japanese", {"Ring"}, "Psycho"),
        ("horror not japanese", "not:language:japanese", {"Ring"}, "Psycho"),
        ("action not from Japan", "not:language:japanese", {"Yojimbo"}, "Aliens"),
        ("romance not from the 50s", "not:year:1950-1959", {"Vertigo"}, "Notting Hill"),
        ("animation that is not for children", "not:audience:for children", {"Finding Nemo"}, "Fargo"),
    ],
)  # fmt: skip
def test_negations(theatre, query, which, excluded, included):
    ids = [condition_id for condition_id in theatre.ids(query) if condition_id.startswith(which)]
    films = theatre.films(query, ids[0])
    assert not films & excluded
    assert included in films


@pytest.mark.parametrize(
    "query",
    [
        "a bus that must not slow down",
        "a man without a past",
        "a town with no sheriff",
        "there is no way out",
        "a science teacher without a past",
        "a man not in his right mind",
    ],
)
def test_a_negation_in_a_plot_is_no_condition(theatre, query):
    assert theatre.ids(query) == []


@pytest.mark.parametrize(
    ("query", "film"),
    [
        ("like Alien but older", "Alien"),
        ("something like Amelie", "Amélie"),
        ("films comme Le Fabuleux destin d'Amélie Poulain", "Amélie"),
        ("I liked Jaws, what else?", "Jaws"),
        ("Filme wie Ring", "Ring"),
        ("like star wars", "Star Wars: Episode IV - A New Hope"),
        ("similar to jurasic park", "Jurassic Park"),
        ("movies like the shinning", "The Shining"),
        ("like space odyssey", "2001: A Space Odyssey"),
    ],
)
def test_films_to_resemble(theatre, query, film):
    assert theatre.titles(theatre.understand(query).like) == [film]


def test_older_and_shorter_are_relative_to_the_film_to_resemble(theatre):
    understood = theatre.understand("like Alien but older")
    assert [condition.id for condition in understood.conditions] == ["like:Alien 1979", "year:-1978"]
    assert understood.conditions[1].text == "older than Alien (1979)"
    assert "Alien" not in theatre.films("like Alien but older", "like:Alien 1979")
    assert theatre.ids("like The Shining but shorter")[1] == "runtime:-143"


def test_like_a_film_with_a_difference_excludes_its_series(theatre):
    parts = [f"Star Wars: Episode {part}" for part in ("IV - A New Hope", "V - The Empire Strikes Back")]
    condition = theatre.understand("like star wars but longer").conditions[0]
    assert condition.text == f"like {parts[0]} (1977), of another series"
    assert not set(parts) & set(theatre.films("like star wars but longer", condition.id))
    assert parts[1] in theatre.films("like star wars", condition.id)


def test_like_without_a_film_is_no_condition(theatre):
    assert theatre.understand("like a fish out of water").like == ()


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("not comedy and not old", ["not:genre:comedy", "not:old"]),
        ("films without violence or horror", ["not:violence", "not:genre:horror"]),
        ("no comedies or very scary films", ["not:genre:comedy", "not:mood:scary"]),
        ("anything but horror or comedy", ["not:genre:horror", "not:genre:comedy"]),
        ("movies not by hitchcock or spielberg", ["not:person:alfred hitchcock", "not:person:steven spielberg"]),
        ("not horror and", ["not:genre:horror"]),
    ],
)
def test_a_negation_covers_everything_joined_to_it(theatre, query, ids):
    assert theatre.ids(query) == ids
