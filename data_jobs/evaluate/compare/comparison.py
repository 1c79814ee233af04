"""Result of a comparison: figures with paired intervals, changes of the lists, and the people most affected."""

from dataclasses import dataclass

from data_jobs.evaluate.bootstrap import Interval

SHARES = "share"
"""Unit of figures that are printed in percent."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of both sides. ``b_less_a``: the mean paired difference with its bootstrap interval. ``more`` and
    ``less``: what more and less of it is, "better" and "worse", "less known" and "better known".
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
    """NDCG@10 of the people whose known likes are ``likes``, in words ("under 20")."""

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
    """A film and how many first tens of each side have it."""

    title: str
    rank: int
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Band:
    """Films from one popularity rank to another, and the share of each side's first tens that they fill."""

    label: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class ListedFilm:
    """A film of an example's list. ``hit``: a hidden like; ``other``: its place in the other side's list if among the
    first fifty.
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
    """``gained``, ``lost``, ``even``: people whose NDCG@10 B raises, lowers and leaves. ``risen``, ``fallen``: films
    that B shows more or less often, by the difference. ``gains``: NDCG@10 differences, one per person.
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
        """Return one sentence: which side finds more of what people went on to like."""
        ndcg = self.figure("NDCG@10")
        told = f"NDCG@10 {ndcg.a:.4f} to {ndcg.b:.4f}, {ndcg.b_less_a}"
        if not ndcg.b_less_a.clear:
            return f"No difference beyond chance between {self.a} and {self.b}: {told}."
        better, other = (self.b, self.a) if ndcg.b_less_a.mean > 0 else (self.a, self.b)
        return f"{better} finds more than {other}: {told}."


PLACES = ("the same place", "1 or 2 away", "3 to 9 away, in the ten", "11 to 20", "21 to 50", "beyond 50")
