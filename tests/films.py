"""A dozen films with awkward properties: equal titles, accents, punctuation, missing fields."""

import numpy as np

from data_jobs.records import Events, Film
from services.recommender.domain.history import EventKind

FILMS = (
    Film(
        "m1", "The Matrix", 1999, ("Action", "Science Fiction"), ("Lana Wachowski", "Lilly Wachowski"),
        ("Keanu Reeves", "Carrie-Anne Moss"), ("simulation", "hacker"), "A hacker wakes up from a simulated world.",
        language="en", tmdb_id=603, imdb_id="tt0133093", vote_count=25_000, runtime=136, tags=("cyberpunk",),
    ),
    Film(
        "m2", "The Matrix Reloaded", 2003, ("Action", "Science Fiction"), ("Lana Wachowski", "Lilly Wachowski"),
        ("Keanu Reeves",), ("simulation",), "The war against the machines goes on.", language="en", tmdb_id=604,
        vote_count=10_000,
    ),
    Film(
        "h1", "Heat", 1995, ("Crime", "Thriller"), ("Michael Mann",), ("Al Pacino", "Robert De Niro"), ("heist",),
        "A thief and a detective respect and hunt each other.", "A crime saga", 170, "en", 949, vote_count=7_000,
    ),
    Film("h2", "Heat", 1986, ("Crime",), ("Dick Richards",), overview="A guard.", language="en", vote_count=90),
    Film(
        "c1", "Collateral", 2004, ("Crime", "Thriller"), ("Michael Mann",), ("Tom Cruise", "Jamie Foxx"), ("taxi",),
        "A driver has a killer on the back seat.", language="en", vote_count=5_000,
    ),
    Film(
        "a1", "Amélie", 2001, ("Comedy", "Romance"), ("Jean-Pierre Jeunet",), ("Audrey Tautou",), ("paris",),
        "A shy waitress mends the lives of others.", language="fr", vote_count=11_000,
        aka=("Le Fabuleux Destin d'Amélie Poulain",),
    ),
    Film("s1", "Seven (a.k.a. Se7en)", 1995, ("Crime", "Mystery"), ("David Fincher",), ("Brad Pitt",), ("sin",),
         "Two detectives hunt a killer of sins.", language="en", vote_count=20_000),
    Film("w1", "WALL·E", 2008, ("Animation", "Family"), ("Andrew Stanton",), overview="A robot cleans up.",
         language="en", vote_count=18_000),
    Film("n1", "1917", 2019, ("War",), ("Sam Mendes",), overview="Two soldiers run.", language="en", vote_count=12_000),
    Film("j1", "君の名は。", 2016, ("Animation", "Romance"), ("Makoto Shinkai",), language="ja", vote_count=11_500),
    Film("t1", 'What? "Yes": a (true) tale + more', None, ("Drama",), overview="Nobody knows the year.", language="en"),
    Film("x1", "Unrated", 1971),
)  # fmt: skip

RATINGS = (("ann", "h1", 5.0), ("ann", "m1", 4.0), ("bob", "h1", 4.5), ("bob", "x1", 2.0), ("cid", "h1", 4.0))


def make_events(films: tuple[Film, ...] = FILMS) -> Events:
    """Ratings of three people, as a reader returns them."""
    people = sorted({user for user, _, _ in RATINGS})
    rows = {film.item_id: row for row, film in enumerate(films)}
    return Events(
        tuple(people),
        np.array([people.index(user) for user, _, _ in RATINGS], np.int32),
        np.array([rows[item] for _, item, _ in RATINGS], np.int32),
        np.full(len(RATINGS), EventKind.RATING, np.uint8),
        np.array([stars for _, _, stars in RATINGS], np.float32),
        np.arange(len(RATINGS), dtype=np.int64) * 1_000,
    )
