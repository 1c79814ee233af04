"""A file and what it was taken for: its role, its columns, and the form it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from data_jobs.readers.files import CSV, Dialect


class Role(StrEnum):
    """What a file adds."""

    FILMS = "films"
    FACTS = "facts of films"
    LINKS = "links between ids"
    TAGS = "tags"
    EVENTS = "events"
    UNUSED = "not used"
    UNKNOWN = "not known"


class Space(StrEnum):
    """Whose ids a file speaks in."""

    OWN = "own"
    TMDB = "TMDB"
    IMDB = "IMDb"
    TITLE = "titles"


class Layout(StrEnum):
    """How a file is written."""

    TABLE = "table"
    JSON = "JSON"
    NETFLIX = "Netflix prize"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the input. ``columns``: ours to theirs; ``others``: theirs that are not read; ``scale``: the top of
    its ratings, 0 where it has none; ``awaited``: ours that may come up further on;
    ``why``: what it looks like, in words.
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
        """As findings name it."""
        return self.path.name

    @property
    def is_movielens(self) -> bool:
        """Whether titles are written as "Matrix, The (1999)" throughout."""
        return self.form.startswith("MovieLens")
