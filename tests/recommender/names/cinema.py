"""A catalogue of well-known films with their other titles and people, best known first."""

import json
from dataclasses import dataclass, replace

import numpy as np

from services.recommender.domain.arrays import Strings
from services.recommender.domain.catalogue import Catalogue, rows_by
from services.recommender.names.finder import Finder
from services.recommender.names.names import Names
from tests.recommender import handmade


@dataclass(frozen=True, slots=True)
class NamedFilm:
    """A film with the facts that the finder uses."""

    title: str
    year: int
    aka: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    tmdb_id: int = 0
    imdb_id: int = 0


FILMS = (
    NamedFilm("The Matrix", 1999, cast=("Keanu Reeves",), tmdb_id=603, imdb_id=133093),
    NamedFilm("Inception", 2010, directors=("Christopher Nolan",), cast=("Leonardo DiCaprio",)),
    NamedFilm("Star Wars: Episode IV - A New Hope", 1977, ("Star Wars",), ("George Lucas",)),
    NamedFilm("Seven", 1995, ("Se7en",), ("David Fincher",), ("Brad Pitt",)),
    NamedFilm("Heat", 1995, directors=("Michael Mann",), cast=("Al Pacino",), tmdb_id=949, imdb_id=113277),
    NamedFilm("Amélie", 2001, ("Le Fabuleux Destin d'Amélie Poulain",)),
    NamedFilm("Seven Samurai", 1954, ("Shichinin no samurai", "七人の侍"), ("Akira Kurosawa",)),
    NamedFilm("WALL·E", 2008),
    NamedFilm("Cape Fear", 1991, directors=("Martin Scorsese",)),
    NamedFilm("It", 2017),
    NamedFilm("Her", 2013),
    NamedFilm("Hero", 2002),
    NamedFilm("It's a Wonderful Life", 1946),
    NamedFilm("Hate", 1995, ("La Haine",)),
    NamedFilm("Blade Runner", 1982),
    NamedFilm("Blade Runner 2049", 2017),
    NamedFilm("Rocky II", 1979),
    NamedFilm("Ran", 1985, ("乱",), ("Akira Kurosawa",)),
    NamedFilm("The Matrix Reloaded", 2003),
    NamedFilm("Cape Fear", 1962),
    NamedFilm("Stalker", 1979, directors=("Andrei Tarkovsky",)),
    NamedFilm("The Illusionist", 2006),
    NamedFilm("The Illusionist", 2010, ("L'Illusionniste",)),
    NamedFilm("It", 1990),
    NamedFilm("M", 1931, ("M - Eine Stadt sucht einen Mörder",), ("Fritz Lang",)),
    NamedFilm("Memento", 2000, directors=("Christopher Nolan",)),
    NamedFilm("Schindler's List", 1993, directors=("Steven Spielberg",)),
    NamedFilm("8½", 1963, ("Otto e mezzo",), ("Federico Fellini",)),
    NamedFilm("Nine", 2009),
    NamedFilm("9", 2009),
    NamedFilm("The Batman", 2022),
)


def catalogue_of(films: tuple[NamedFilm, ...] = FILMS) -> Catalogue:
    """Return a catalogue of these films; earlier films have more votes."""
    made = handmade.catalogue_of([handmade.Film(film.title, year=film.year) for film in films])
    tmdb_ids = np.array([film.tmdb_id for film in films], np.int32)
    imdb_ids = np.array([film.imdb_id for film in films], np.int32)
    return replace(
        made,
        details=Strings.of(
            json.dumps({"aka": film.aka, "directors": film.directors, "cast": film.cast}) for film in films
        ),
        votes=np.arange(len(films), 0, -1).astype(np.int32),
        tmdb_ids=tmdb_ids,
        tmdb_rows=rows_by(tmdb_ids),
        imdb_ids=imdb_ids,
        imdb_rows=rows_by(imdb_ids),
    )


def finder_of(films: tuple[NamedFilm, ...] = FILMS) -> Finder:
    catalogue = catalogue_of(films)
    return Finder(Names.of(catalogue), catalogue, np.zeros(len(films), np.float32))
