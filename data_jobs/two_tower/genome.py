"""The tag genome of MovieLens: how well each of about a thousand tags describes each film, from 0 to 1.

Source: J. Vig, S. Sen and J. Riedl, "The tag genome", ACM TiiS 2(3), 2012; files ``genome-tags.csv`` (tagId, tag) and
``genome-scores.csv`` (movieId, tagId, relevance).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_jobs.report import DataError

TAGS_FILE, SCORES_FILE = "genome-tags.csv", "genome-scores.csv"
# MovieLens has 1,128 tags. A file with more tags than this is not a genome.
MOST_TAGS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Genome:
    """``relevance`` float32[films, tags] of the films in ``item_ids``; ``tags``: their names."""

    tags: tuple[str, ...]
    item_ids: tuple[str, ...]
    relevance: NDArray[np.float32]

    def of(self, item_ids: Sequence[str]) -> NDArray[np.float32]:
        """Return float32[items, tags]; a film without a genome gets the mean, so that its absence carries no
        information.
        """
        row = {item_id: at for at, item_id in enumerate(self.item_ids)}
        at = np.array([row.get(item_id, -1) for item_id in item_ids], np.intp)
        mean = self.relevance.mean(axis=0)
        relevance = self.relevance[np.maximum(at, 0)]
        return np.asarray(np.where((at >= 0)[:, None], relevance, mean), np.float32)


def read_genome(folder: Path) -> Genome | None:
    """Return the genome of a MovieLens folder; None if it has neither file. Raises DataError for one without the other,
    a missing column, a relevance outside 0 to 1, and a tag without a name.
    """
    tags_path, scores_path = folder / TAGS_FILE, folder / SCORES_FILE
    files = [path for path in (tags_path, scores_path) if path.is_file()]
    if not files:
        return None
    if len(files) == 1:
        missing = SCORES_FILE if files[0] == tags_path else TAGS_FILE
        raise DataError(f"{files[0]}: {missing} is missing next to it; add it, or remove both")
    tags = _table(tags_path, {"tagId": pl.Int32, "tag": pl.String}).sort("tagId")
    scores = _table(scores_path, {"movieId": pl.Int64, "tagId": pl.Int32, "relevance": pl.Float32})
    if not 0 < len(tags) <= MOST_TAGS or tags["tagId"].is_duplicated().any():
        raise DataError(f"{tags_path}: expected 1 to {MOST_TAGS:,} tags, each id once")
    return _pivot(tags, scores, scores_path)


def _table(path: Path, columns: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """Return the named columns of a CSV file. Raises DataError."""
    try:
        table = pl.read_csv(path, columns=list(columns), schema_overrides=columns)
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: not readable as {', '.join(columns)}: {reason}") from error
    if any(table[name].has_nulls() for name in columns):
        raise DataError(f"{path}: an empty cell; expected a value in every row of {', '.join(columns)}")
    return table


def _pivot(tags: pl.DataFrame, scores: pl.DataFrame, path: Path) -> Genome:
    ids, tag_ids = scores["movieId"].to_numpy(), tags["tagId"].to_numpy()
    values = scores["relevance"].to_numpy()
    column = np.searchsorted(tag_ids, scores["tagId"].to_numpy())
    is_listed = tag_ids[np.minimum(column, len(tag_ids) - 1)] == scores["tagId"].to_numpy()
    for is_valid, expected in ((is_listed, f"a tagId of {TAGS_FILE}"), ((values >= 0) & (values <= 1), "0 to 1")):
        if not is_valid.all():
            line = int(np.argmin(is_valid)) + 2
            raise DataError(f"{path}:{line}: expected {expected}")
    films, row = np.unique(ids, return_inverse=True)
    relevance = np.zeros((len(films), len(tag_ids)), np.float32)
    relevance[row, column] = values
    return Genome(tuple(tags["tag"].to_list()), tuple(map(str, films.tolist())), relevance)
