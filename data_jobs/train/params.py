"""All parameters of the training: their defaults and their reading from a parameter file."""

from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any, Self

RIDGE_GRID = (80.0, 125.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0)
"""Lambdas to choose from. With 50 the table alone does as well as with 80, but the ranking loses .005 NDCG@10."""


@dataclass(frozen=True, slots=True)
class TrainParams:
    """Training parameters. The defaults were chosen on splits within the training part of MovieLens; the optimum is
    flat.
    """

    ridge: float | None = None
    """lambda of the papers; None: chosen from ``ridge_grid`` on later likes of the data itself."""
    ridge_grid: tuple[float, ...] = RIDGE_GRID
    ridge_untuned: float = 80.0
    """lambda if there are too few people to choose it."""
    dropout: float = 0.5
    """Share of a person's films hidden in training, in the limit of infinitely many passes (Steck 2020)."""
    dropout_short: float = 0.98
    """The same for the short-profile table: nearly all of a profile is hidden, so that one film suffices."""
    row_exponent: float = -0.25
    """A person with n films weighs n ** row_exponent, so that a few heavy raters don't dominate."""
    graded: bool = True
    """False: a like counts 1 and nothing else counts, as in plain EASE."""
    tag_weight: float = 15.0
    """Weight of tags relative to people; 0: no tags."""
    min_tag_films: int = 3
    """A tag on fewer films is left out: it adds too little for the cost of its row."""
    max_films: int = 20_000
    """Films in the tables; of more, the most liked. At most 65,535, since a column is two bytes."""
    max_films_unliked: int = 4_000
    """The same if there are no likes but at least so many films with votes: tags alone say little about the rest."""
    table_bytes: int = 48_000_000
    """Memory of both tables, which determines how many entries a row keeps."""
    neighbours: int = 4
    """Number of table films that a film outside borrows from."""
    neighbours_by_people: bool = True
    """Whether a film outside borrows by common people as well as common traits; False: by traits alone."""
    neighbour_damping: float = 2.0
    """Weights of its neighbours are w / (sum of w + damping), w being cosines: for four, at most 2/3 in total."""

    latent_k: int = 64
    """Latent factors of likes (train/als.py); 0: none."""
    latent_ridge: float = 0.02
    latent_unobserved: float = 0.02
    """Weight of a pair of person and film without an event, relative to a like."""

    svd_k: int = 64
    """Number of factors of the truncated SVD of the ratings; 0: no SVD and no preset "svd"."""
    svd_centred: bool = False
    """Whether the person's mean is subtracted from each rating; False: plain stars, and 0 where nothing was rated."""
    svd_scaling: float = 1.0
    """Power of the singular values by which a film's factors are scaled before cosines are taken."""

    def __post_init__(self) -> None:
        self._require(self.ridge is None or 0 < self.ridge < inf, "ridge", "positive")
        self._require(0 < self.ridge_untuned < inf, "ridge_untuned", "positive")
        grid_holds = len(self.ridge_grid) > 0 and all(0 < ridge < inf for ridge in self.ridge_grid)
        self._require(grid_holds, "ridge_grid", "at least one number, all positive")
        self._require(0 <= self.dropout < 1, "dropout", "at least 0 and below 1")
        self._require(0 <= self.dropout_short < 1, "dropout_short", "at least 0 and below 1")
        self._require(-1 <= self.row_exponent <= 1, "row_exponent", "between -1 and 1")
        self._require(0 <= self.tag_weight < inf, "tag_weight", "0 or more")
        self._require(self.min_tag_films >= 1, "min_tag_films", "1 or more")
        self._require(1 <= self.max_films < 2**16, "max_films", "between 1 and 65,535")
        self._require(1 <= self.max_films_unliked < 2**16, "max_films_unliked", "between 1 and 65,535")
        self._require(self.table_bytes > 0, "table_bytes", "positive")
        self._require(self.neighbours >= 1, "neighbours", "1 or more")
        self._require(0 <= self.latent_k <= 256, "latent_k", "between 0 and 256")
        self._require(0 < self.latent_ridge < inf, "latent_ridge", "positive")
        self._require(0 < self.latent_unobserved <= 1, "latent_unobserved", "above 0, at most 1")
        self._require(0 <= self.svd_k <= 1_024, "svd_k", "between 0 and 1,024")
        self._require(0 <= self.svd_scaling <= 2, "svd_scaling", "between 0 and 2")
        self._require(0 <= self.neighbour_damping < inf, "neighbour_damping", "0 or more")

    @staticmethod
    def _require(holds: bool, name: str, expected: str) -> None:
        if not holds:
            raise ValueError(f"training parameter {name} must be {expected}")

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Return the parameters of a JSON object. Raises ValueError naming a key that is unknown, or of a wrong type or
        range.
        """
        fields_by_name = {field.name: field for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in document.items():
            if name not in fields_by_name:
                raise ValueError(f"unknown training parameter {name!r}; known are {', '.join(fields_by_name)}")
            values[name] = _typed(name, value, fields_by_name[name].default)
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that ``from_json`` reads back."""
        return asdict(self) | {"ridge_grid": list(self.ridge_grid)}


def _typed(name: str, value: object, default: object) -> object:
    """Return a JSON value as its parameter's type."""
    if isinstance(default, tuple):
        if isinstance(value, list) and all(_is_number(entry) for entry in value):
            return tuple(float(entry) for entry in value)
        raise ValueError(f"training parameter {name!r} must be a list of numbers")
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise ValueError(f"training parameter {name!r} must be true or false")
    if default is None and value is None:
        return None
    if not _is_number(value) or (isinstance(default, int) and not isinstance(value, int)):
        raise ValueError(f"training parameter {name!r} must be a{' whole' if isinstance(default, int) else ''} number")
    return value if isinstance(default, int) else float(value)  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
