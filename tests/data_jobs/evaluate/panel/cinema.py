"""Ten well-known films with a few facts each."""

from functools import cache
from typing import Any

from data_jobs.catalogue import build_catalogue
from data_jobs.evaluate.panel.entries import Entry, PanelPart, PanelRequest, PanelTaste
from data_jobs.evaluate.panel.facts import FactColumns
from data_jobs.records import Events, Film

FILMS = (
    Film("1", "Alien", 1979, ("Horror", "Science Fiction"), ("Ridley Scott",), language="en", runtime=117),
    Film("2", "Aliens", 1986, ("Action", "Science Fiction"), ("James Cameron",), language="en", runtime=137),
    Film("3", "Star Wars: Episode IV - A New Hope", 1977, ("Adventure", "Science Fiction"), language="en", runtime=121),
    Film("4", "Star Wars: Episode V - The Empire Strikes Back", 1980, ("Adventure", "Science Fiction"), language="en"),
    Film(
        "5",
        "Amelie",
        2001,
        ("Comedy", "Romance"),
        ("Jean-Pierre Jeunet",),
        ("Audrey Tautou",),
        ("paris, france", "shyness"),
        language="fr",
        runtime=122,
        aka=("Le Fabuleux destin d'Amélie Poulain",),
    ),
    Film("6", "Dawn of the Dead", 1978, ("Horror",), ("George A. Romero",), keywords=("zombies", "shopping mall")),
    Film("7", "Dawn of the Dead", 2004, ("Horror",), ("Zack Snyder",), tags=("zombie",), language="en"),
    Film("8", "Fargo", 1996, ("Comedy", "Crime"), ("Joel Coen", "Ethan Coen"), language="en", runtime=98),
    Film("9", "The Jazz Singer", 1927, ("Drama", "Music"), overview="A singer leaves his father's house."),
    Film("10", "Untold", None, (), ()),
)


@cache
def facts() -> FactColumns:
    """The films as columns, film i in row i."""
    return FactColumns(build_catalogue(FILMS, Events.empty()))


def entry(request: PanelRequest | None = None, **others: Any) -> Entry:
    """Return an entry with defaults for the fields not given."""
    whole = {
        "part": PanelPart.TASTES,
        "name": "some",
        "kind": "single",
        "decade": "any",
        "language": "any",
        "audience": "any",
        "request": request or PanelTaste(("Alien (1979)",)),
    }
    return Entry(**(whole | others))
