"""The result of a comparison: figures with paired intervals, changes of the lists, and the people most affected."""

from dataclasses import dataclass

from data_jobs.evaluate.bootstrap import Interval

SHARES = "share"
"""Unit of figures that are printed in percent."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of both sides. ``b_less_a``: the mean paired difference with its bootstrap interval. ``more`` and
    ``less``: words for a higher and a lower value: "better" and "worse", "less known" and "better known".
    """

    name: str
    unit: str
    a: float
    b: float
    b_less_a: Interval
    more: str
    less: str


@dataclass(frozen=True, slots=True)
class LikesGroup:
    """NDCG@10 of the people with so many known ``likes`` ("under 20")."""

    likes: str
    a: float
    b: float
    b_less_a: Interval


@dataclass(frozen=True, slots=True)
class Moves:
    """Places of A's first ten in B, and the reverse. ``common``: people by number of films in both first tens, int[11].
    ``places``: share of A's first ten by their place in B, labelled by ``PLACES``. ``kept``: mean overlap at 1, 10 and
    50. ``shift``: mean distance in places of the films in both first fifties. ``same``: share of people with the same
    first ten in the same order.
    """

    common: tuple[int, ...]
    places: tuple[float, ...]
    kept: dict[str, float]
    shift: float
    same: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A film, its popularity rank, and the number of first tens of each side that contain it."""

    title: str
    rank: int
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Band:
    """A range of popularity ranks, and the share of the places in each side's first tens that its films take."""

    label: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class ListedFilm:
    """A film of an example's list. ``hit``: it is a hidden like; ``other``: its place in the other side's first fifty,
    None if it is not there.
    """

    title: str
    hit: bool
    other: int | None


@dataclass(frozen=True, slots=True)
class Example:
    """A person: their newest likes, the hidden likes, and both lists. ``gain``: NDCG@10 of B less A."""

    user_id: str
    likes: int
    newest: tuple[str, ...]
    hidden: tuple[str, ...]
    more_hidden: int
    gain: float
    a: tuple[ListedFilm, ...]
    b: tuple[ListedFilm, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``gained``, ``lost``, ``even``: number of people whose NDCG@10 is higher, lower and equal with B. ``risen``,
    ``fallen``: films that B shows more and less often, largest difference first. ``gains``: NDCG@10 of B less A, one
    per person.
    """

    a: str
    b: str
    kinds: tuple[str, str]
    holdout: str
    people: int
    likes: int
    films: int
    figures: tuple[Figure, ...]
    coverage: tuple[float, float]
    groups: tuple[LikesGroup, ...]
    moves: Moves
    bands: tuple[Band, ...]
    risen: tuple[Shown, ...]
    fallen: tuple[Shown, ...]
    gained: int
    lost: int
    even: int
    gains: tuple[float, ...]
    best: tuple[Example, ...]
    worst: tuple[Example, ...]

    def figure(self, name: str) -> Figure:
        """Return a figure by its name. Raises KeyError."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)

    @property
    def verdict(self) -> str:
        """Return one sentence: which side has the higher NDCG@10, if either."""
        ndcg = self.figure("NDCG@10")
        figures = f"NDCG@10 {ndcg.a:.4f} to {ndcg.b:.4f}, {ndcg.b_less_a}"
        if not ndcg.b_less_a.clear:
            return f"No difference beyond chance between {self.a} and {self.b}: {figures}."
        better, worse = (self.b, self.a) if ndcg.b_less_a.mean > 0 else (self.a, self.b)
        return f"{better} finds more than {worse}: {figures}."


PLACES = ("the same place", "1 or 2 away", "3 to 9 away, in the ten", "11 to 20", "21 to 50", "beyond 50")
