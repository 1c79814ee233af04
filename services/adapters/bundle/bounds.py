"""Value checks of a bundle's arrays: ascending offsets, and rows and codes within range.

A checksum proves that the bytes are unchanged; this proves that they can be served. Every index is checked here once,
so that no request reads beyond an array.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.adapters.bundle.layout import REBUILD
from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.genres import GENRES
from services.recommender.errors import BundleDamaged

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Range:
    """From ``lowest`` to below ``end``, a number or the name of a length."""

    lowest: int
    end: int | str


_ANY_COUNT = Range(0, 1 << 31)
_SMALL = {
    "catalogue.genre_bits": Range(0, 1 << len(GENRES)),
    "catalogue.language_codes": Range(-1, "languages"),
    "catalogue.votes": _ANY_COUNT,
    "catalogue.tmdb_ids": _ANY_COUNT,
    "catalogue.tmdb_rows": Range(0, "films"),
    "catalogue.imdb_ids": _ANY_COUNT,
    "catalogue.imdb_rows": Range(0, "films"),
    "catalogue.series": Range(-1, "films"),
    "catalogue.parts": _ANY_COUNT,
    "catalogue.hash_rows": Range(0, "films"),
    "catalogue.other_rows": Range(0, "films"),
    "catalogue.traits.ids": Range(0, "traits"),
    "catalogue.traits.kinds": Range(0, len(TraitKind)),
    "catalogue.traits.films": _ANY_COUNT,
    "cells.of": Range(0, "cells"),
    "collaborative.rows": Range(0, "films"),
    "collaborative.position": Range(-1, "table films"),
    "collaborative.outside": Range(0, "films"),
    "collaborative.events": _ANY_COUNT,
}
_LARGE = {
    "collaborative.main.columns": Range(0, "table films"),
    "collaborative.short.columns": Range(0, "table films"),
    "collaborative.neighbours": Range(0, "table films"),
    "nearest.rows": Range(-1, "films"),
}
_FINITE_SMALL = (
    "popularity",
    "acclaim",
    "embeddings.scales",
    "embeddings.mean",
    "cells.centres",
    "towers.inner",
    "towers.inner_bias",
    "towers.outer",
    "towers.outer_bias",
)
_FINITE_LARGE = (
    "collaborative.main.values",
    "collaborative.short.values",
    "collaborative.neighbour_weights",
    "nearest.cosines",
    "latent",
    "svd.units",
    "towers.items",
    "towers.history",
)
# Offsets and the arrays they index.
_OFFSETS = {
    "catalogue.item_ids.offsets": "catalogue.item_ids.data",
    "catalogue.titles.offsets": "catalogue.titles.data",
    "catalogue.other_ids.offsets": "catalogue.other_ids.data",
    "catalogue.details.offsets": "catalogue.details.data",
    "catalogue.traits.names.offsets": "catalogue.traits.names.data",
    "catalogue.traits.offsets": "catalogue.traits.ids",
}


def check_bounds(arrays: Arrays, lengths: Mapping[str, int], languages: int, everything: bool) -> None:
    """Check all indexes. ``lengths``: from ``layout.lengths``. ``everything``: also the tables, which are most of a
    bundle's bytes. Raises BundleDamaged naming the array, what was found and what was expected.
    """
    ends = {**lengths, "languages": languages}
    for name, data in _OFFSETS.items():
        _check_offsets(name, arrays[name], len(arrays[data]))
    for name, bounds in (_SMALL | _LARGE if everything else _SMALL).items():
        if name in arrays:
            end = bounds.end if isinstance(bounds.end, int) else ends[bounds.end]
            _check_range(name, arrays[name], bounds.lowest, end)
    for name in _FINITE_SMALL + _FINITE_LARGE if everything else _FINITE_SMALL:
        if name in arrays and not np.isfinite(arrays[name]).all():
            raise BundleDamaged(f"{name}.npy: contains non-finite values", REBUILD)
    for name in ("catalogue.hashes", "catalogue.other_hashes"):
        hashes = arrays[name]
        if (hashes[1:] < hashes[:-1]).any():
            raise BundleDamaged(f"{name}.npy: not sorted", REBUILD)
    for ids, order in (("catalogue.tmdb_ids", "catalogue.tmdb_rows"), ("catalogue.imdb_ids", "catalogue.imdb_rows")):
        if (np.diff(arrays[ids][arrays[order]]) < 0).any():
            raise BundleDamaged(f"{order}.npy: not in the order of {ids}", REBUILD)


def _check_offsets(name: str, offsets: NDArray[Any], end: int) -> None:
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != end:
        span = f"{offsets[0]} to {offsets[-1]}" if len(offsets) else "nothing"
        raise BundleDamaged(f"{name}.npy: spans {span}, expected 0 to {end}", REBUILD)
    descents = np.flatnonzero(offsets[1:] < offsets[:-1])
    if len(descents):
        raise BundleDamaged(f"{name}.npy: decreases after index {descents[0]}, expected to ascend", REBUILD)


def _check_range(name: str, values: NDArray[Any], lowest: int, end: int) -> None:
    if not values.size:
        return
    least, most = int(values.min()), int(values.max())
    if least < lowest or most >= end:
        raise BundleDamaged(f"{name}.npy: contains {least} to {most}, expected {lowest} to {end - 1}", REBUILD)
