"""A file and what it was recognised as: its role, its columns, and its form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from data_jobs.readers.files import CSV, Dialect


class Role(StrEnum):
    """What a file contributes."""

    FILMS = "films"
    FACTS = "facts of films"
    LINKS = "links between ids"
    TAGS = "tags"
    EVENTS = "events"
    UNUSED = "not used"
    UNKNOWN = "not known"


class Space(StrEnum):
    """The id space of a file."""

    OWN = "own"
    TMDB = "TMDB"
    IMDB = "IMDb"
    TITLE = "titles"


class Layout(StrEnum):
    """How a file is laid out."""

    TABLE = "table"
    JSON = "JSON"
    NETFLIX = "Netflix prize"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the input. ``columns``: ours to theirs; ``others``: their unread columns; ``scale``: the top of its
    ratings, 0 if it has none; ``awaited``: our columns that may appear beyond its beginning; ``why``: what it looks
    like, in words.
    """

    path: Path
    form: str
    role: Role
    layout: Layout = Layout.NONE
    space: Space = Space.OWN
    dialect: Dialect = CSV
    columns: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    awaited: frozenset[str] = frozenset()
    scale: float = 0.0
    why: str = ""

    @property
    def name(self) -> str:
        """Return the name used in findings."""
        return self.path.name

    @property
    def is_movielens(self) -> bool:
        """Return whether all titles are written as "Matrix, The (1999)"."""
        return self.form.startswith("MovieLens")
