"""Read the results of :mod:`data_jobs.spark.gram_job`: sums over people whose events never were on this machine."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.records import Events
from data_jobs.report import DataError
from data_jobs.train.gram import GRID_BITS, Gram, blocks, joined, on_grid, unit_of
from data_jobs.train.interactions import Interactions
from data_jobs.train.params import TrainParams

FORMAT = 2
_PARTS = ("about", "films", "sample", "gram")


@dataclass(frozen=True, slots=True, eq=False)
class CountedLog:
    """The job's result. ``films``: item_id, table and tuning (places in the two matrices, -1 for none), likes, welcomes
    (people with a positive event), events. ``sample``: the decisive events of the people on whom lambda is chosen.
    """

    folder: Path
    about: Mapping[str, Any]
    films: pl.DataFrame
    sample: pl.DataFrame

    @classmethod
    def read(cls, folder: Path) -> "CountedLog":
        """Read a folder. Raises DataError if it is not a finished result of the job, or of another version."""
        missing = [name for name in _PARTS if not (folder / name / "_SUCCESS").is_file()]
        if missing:
            raise DataError(
                f"{folder}: not a finished result of gram_job.py: {', '.join(missing)} without _SUCCESS; copy all of "
                "its --out, or run the job again"
            )
        try:
            (text,) = (path.read_text("utf-8") for path in (folder / "about").glob("part-*"))
            about = json.loads(text)
            is_current = (about["format"], about["grid_bits"]) == (FORMAT, GRID_BITS)
            films, sample = (pl.read_parquet(folder / name / "*.parquet") for name in ("films", "sample"))
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{folder}: cannot be read as a result of gram_job.py: {error}") from error
        if not is_current:
            raise DataError(f"{folder}: of another version of gram_job.py; run the one of this release")
        return cls(folder, about, films, sample)

    def require(self, params: TrainParams) -> None:
        """Raise DataError if the job counted with other parameters than the build has."""
        for name, counted in self.about["params"].items():
            if getattr(params, name) != counted:
                raise DataError(
                    f"{self.folder}: counted with {name} {counted}, and the build has {getattr(params, name)}; run "
                    f"the job with --{name.replace('_', '-')}, or give the build the parameters of the job"
                )

    def sample_events(self, row_of: Mapping[str, int]) -> Events:
        """Return the sample's events on the films of ``row_of``; people's ids are numbers."""
        sample = self.sample.with_columns(
            film=pl.col("item_id").replace_strict(row_of, default=None, return_dtype=pl.Int32)
        )
        ordered = sample.filter(pl.col("film").is_not_null()).sort("person", "ts_ms", "film")
        kind = ordered["kind"].cast(pl.UInt8).to_numpy()
        half_stars = ordered["half_stars"].to_numpy()
        people = 0 if self.sample.is_empty() else int(self.sample["person"].to_numpy().max()) + 1
        return Events(
            tuple(map(str, range(people))),
            ordered["person"].to_numpy(),
            ordered["film"].to_numpy(),
            kind,
            (half_stars / 2).astype(np.float32),
            ordered["ts_ms"].to_numpy(),
        )

    def on(self, row_of: Mapping[str, int], films: int) -> "CountedFilms":
        """Return the counts by catalogue row. Raises DataError if two films of the job are one of the catalogue."""
        rows = np.array([row_of.get(item, -1) for item in self.films["item_id"]], np.int64)
        in_catalogue = rows >= 0
        if len(np.unique(rows[in_catalogue])) < in_catalogue.sum():
            raise DataError(
                f"{self.folder}: films counted apart are one film of the catalogue; run the job with --films "
                "items.parquet of a build of this catalogue"
            )
        columns = np.zeros((3, films), np.int64)
        for column, name in zip(columns, ("likes", "welcomes", "events"), strict=True):
            column[rows[in_catalogue]] = self.films[name].to_numpy()[in_catalogue]
        return CountedFilms(self, rows, *columns)


@dataclass(frozen=True, slots=True, eq=False)
class CountedFilms:
    """The counts of each catalogue row, int64[films] each; ``rows``: those of the job's films, -1 for none."""

    log: CountedLog
    rows: NDArray[np.int64]
    likes: NDArray[np.int64]
    welcomes: NDArray[np.int64]
    events: NDArray[np.int64]

    @property
    def moment_ms(self) -> int:
        """Return the moment before which the events of the matrix "past" lie, epoch ms."""
        return int(self.log.about["moment_ms"])

    @property
    def missing(self) -> int:
        """Return how many films with events are not in the catalogue."""
        return int(((self.rows < 0) & (self.log.films["events"].to_numpy() > 0)).sum())

    def chosen(self, matrix: str) -> NDArray[np.int32]:
        """Return the catalogue rows of a matrix by the film's place in it, int32; -1 for one not in the catalogue."""
        place = self.log.films["tuning" if matrix == "past" else matrix].to_numpy()
        order = np.argsort(place[place >= 0])
        return self.rows[place >= 0][order].astype(np.int32)

    def equations(self, matrix: str, rows: NDArray[np.int32], tags: sp.csr_matrix, row_exponent: float) -> "Counted":
        """Return the equations over ``rows``: ascending, with all films of the matrix that are in the catalogue.
        ``tags``: their weight included.
        """
        position = np.full(len(self.likes) + 1, -1, np.int64)
        position[rows] = np.arange(len(rows))
        lengths = np.array(self.log.about["lengths"][matrix], np.int64)
        return Counted(self.log.folder, matrix, position[self.chosen(matrix)], lengths, tags, row_exponent)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Equations whose people were counted elsewhere. ``position``: int64, of the matrix's films in the columns of
    ``tags``, -1 for none; ``lengths``: how many people have 0, 1, 2, ... films; ``change`` int64[films, films]: added
    to the sums.
    """

    folder: Path
    matrix: str
    position: NDArray[np.int64]
    lengths: NDArray[np.int64]
    tags: sp.csr_matrix
    row_exponent: float
    change: NDArray[np.int64] | None = None

    @property
    def films(self) -> int:
        """Return the number of films."""
        return int(self.tags.shape[1])

    def less(self, before: Interactions, after: Interactions) -> "Counted":
        """Return the equations with ``after`` in place of ``before``, both on these films. Sums are exact, so nothing
        of ``before`` remains.
        """
        counts = [np.bincount(np.diff(each.matrix().indptr), minlength=self.films + 1) for each in (before, after)]
        lengths = np.zeros(self.films + 1, np.int64)
        lengths[: len(self.lengths)] = self.lengths
        change = self._products(after) - self._products(before)
        return replace(self, lengths=lengths - counts[0] + counts[1], change=change)

    def _products(self, people: Interactions) -> NDArray[np.int64]:
        matrix = people.matrix()
        counts = np.diff(matrix.indptr)
        values = on_grid(matrix.data, np.repeat(counts, counts), len(self.position), self.row_exponent)
        grid = sp.csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)
        return np.asarray((grid.T @ grid).toarray(), np.int64)

    def gram(self) -> Gram:
        """Return the Gram matrix of people and tags, bit for bit as if counted on this machine."""
        films = self.films
        unit = unit_of(self.lengths, len(self.position), self.row_exponent)
        tags = self.tags.astype(np.float64)
        square = np.zeros((films, films), np.float32, order="F")
        # Pairs of films without people come from tags alone.
        for start, stop in blocks(films):
            square[:stop, start:stop] = (tags[:, :stop].T @ tags[:, start:stop].tocsc()).toarray()
        by_film = tags.T.tocsr()
        for film, others, sums in self._rows("sums", np.dtype("<i8")):
            of_tags = (by_film[[film]] @ tags).toarray()[0][others]
            if self.change is not None:
                sums = sums + self.change[film, others]
            square[np.minimum(film, others), np.maximum(film, others)] = joined(sums, unit, of_tags)
        return Gram(square, np.diagonal(square).copy())

    def shared_likes(self, columns: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return the number of people who like both films of a pair, as :meth:`Interactions.shared_likes` does."""
        both = np.zeros((self.films, self.films), np.uint8)
        for film, others, shared in self._rows("shared", np.dtype("u1")):
            both[film, others] = shared
            both[others, film] = shared
        return np.take_along_axis(both, columns.astype(np.intp), axis=1)

    def _rows(self, column: str, kind: "np.dtype[Any]") -> Iterator[tuple[int, NDArray[np.int64], NDArray[Any]]]:
        """Yield each film here, the films from it on, and their values. Raises DataError if rows are missing."""
        count = 0
        for path in sorted((self.folder / "gram").glob("*.parquet")):
            rows = pl.scan_parquet(path).filter(pl.col("matrix") == self.matrix).select("film", column).collect()
            for place, values in rows.iter_rows():
                count += 1
                others = self.position[place:]
                is_here = others >= 0
                if others[0] >= 0:
                    yield int(others[0]), others[is_here], np.frombuffer(values, kind)[is_here]
        if count != len(self.position):
            raise DataError(
                f"{self.folder}: {count} of {len(self.position)} rows of matrix {self.matrix!r}; copy all of it"
            )
