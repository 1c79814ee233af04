"""Files of a bundle, and the array of :class:`Bundle` in each.

::

    bundles/<version>/
      manifest.json            all other files with sizes, SHA-256, dtypes and shapes; begins with its own SHA-256
      catalogue.*.npy          film columns; a Strings column is two arrays, .offsets and .data
      collaborative.*.npy      the two item-item tables and the films that borrow from them
      popularity.npy
      embeddings.*.npy         absent if built without an encoder
      cells.*.npy              films by the direction of their vectors; only in very large catalogues
      nearest.*.npy            neighbours by text; absent without vectors, and in bundles of older versions
      latent.npy               absent without likes, and in bundles of older versions
      svd.units.npy            absent without ratings, and in bundles of older versions
      towers.*.npy             absent if built without a two-tower model
      text_index/              the embedded text index
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import Strings
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue, Traits
from services.recommender.domain.cells import Cells
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.nearest import NearestFilms
from services.recommender.domain.tables import CollaborativeTables, ItemTable
from services.recommender.domain.two_tower_model import TwoTowerModel
from services.recommender.errors import BundleDamaged

FORMAT = 3
# Advice for damage that a new copy does not repair.
REBUILD = "rebuild the bundle"
MANIFEST = "manifest.json"
TEXT_INDEX = "text_index"

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """Required dtype and shape; ``shape`` names lengths ("films", "films+1"), equal names meaning equal lengths."""

    dtype: str
    shape: tuple[str, ...]


def _strings(name: str, rows: str) -> dict[str, Column]:
    return {f"{name}.offsets": Column("<i8", (f"{rows}+1",)), f"{name}.data": Column("|u1", (f"{name} bytes",))}


def _table(name: str) -> dict[str, Column]:
    shape = ("table films", f"{name} entries")
    return {f"{name}.columns": Column("<u2", shape), f"{name}.values": Column("<f2", shape)}


_EMBEDDINGS = {
    "embeddings.codes": Column("|i1", ("films", "vector dims")),
    "embeddings.scales": Column("<f4", ("films",)),
    "embeddings.mean": Column("<f4", ("vector dims",)),
}
_ALWAYS = {
    **_strings("catalogue.item_ids", "films"),
    **_strings("catalogue.titles", "films"),
    **_strings("catalogue.details", "films"),
    "catalogue.years": Column("<i2", ("films",)),
    "catalogue.genre_bits": Column("<u4", ("films",)),
    "catalogue.language_codes": Column("<i2", ("films",)),
    "catalogue.votes": Column("<i4", ("films",)),
    "catalogue.tmdb_ids": Column("<i4", ("films",)),
    "catalogue.tmdb_rows": Column("<i4", ("films",)),
    "catalogue.imdb_ids": Column("<i4", ("films",)),
    "catalogue.imdb_rows": Column("<i4", ("films",)),
    "catalogue.runtimes": Column("<i2", ("films",)),
    "catalogue.ages": Column("|i1", ("films",)),
    "catalogue.series": Column("<i4", ("films",)),
    "catalogue.parts": Column("<i2", ("films",)),
    "catalogue.hashes": Column("<u8", ("films",)),
    "catalogue.hash_rows": Column("<i4", ("films",)),
    **_strings("catalogue.other_ids", "other ids"),
    "catalogue.other_hashes": Column("<u8", ("other ids",)),
    "catalogue.other_rows": Column("<i4", ("other ids",)),
    "catalogue.traits.offsets": Column("<i4", ("films+1",)),
    "catalogue.traits.ids": Column("<i4", ("film traits",)),
    "catalogue.traits.kinds": Column("|u1", ("traits",)),
    "catalogue.traits.films": Column("<i4", ("traits",)),
    **_strings("catalogue.traits.names", "traits"),
    "collaborative.rows": Column("<i4", ("table films",)),
    "collaborative.position": Column("<i4", ("films",)),
    **_table("collaborative.main"),
    **_table("collaborative.short"),
    "collaborative.outside": Column("<i4", ("outside films",)),
    "collaborative.neighbours": Column("<u2", ("neighbours", "outside films")),
    "collaborative.neighbour_weights": Column("<f4", ("neighbours", "outside films")),
    "collaborative.events": Column("<i4", ("films",)),
    "collaborative.shared": Column("|u1", ("table films", "collaborative.main entries")),
    "popularity": Column("<f4", ("films",)),
    "acclaim": Column("<f4", ("films",)),
}
_CELLS = {
    "cells.centres": Column("<f4", ("cells", "vector dims")),
    "cells.of": Column("<u2", ("films",)),
}
_NEAREST = {
    "nearest.rows": Column("<i4", ("nearest films", "nearest each")),
    "nearest.cosines": Column("<f2", ("nearest films", "nearest each")),
}
_LATENT = {"latent": Column("<f2", ("table films", "latent factors"))}
_SVD = {"svd.units": Column("<f2", ("films", "svd factors"))}
_TOWERS = {
    "towers.items": Column("<f4", ("films", "tower dims+1")),
    "towers.history": Column("<f4", ("films", "tower dims")),
    "towers.inner": Column("<f4", ("tower dims", "tower hidden")),
    "towers.inner_bias": Column("<f4", ("tower hidden",)),
    "towers.outer": Column("<f4", ("tower hidden", "tower dims")),
    "towers.outer_bias": Column("<f4", ("tower dims",)),
}
_OPTIONAL = {
    "embeddings": _EMBEDDINGS,
    "cells": _CELLS,
    "nearest": _NEAREST,
    "latent": _LATENT,
    "svd": _SVD,
    "towers": _TOWERS,
}
COLUMNS = _ALWAYS | {name: column for part in _OPTIONAL.values() for name, column in part.items()}


def columns(parts: Iterable[str]) -> dict[str, Column]:
    """Return the arrays of a bundle with these optional parts, by name; the file is the name plus ``.npy``."""
    return _ALWAYS | {name: column for part in parts for name, column in _OPTIONAL[part].items()}


def arrays_of(bundle: Bundle) -> dict[str, NDArray[Any]]:
    """Return every array of a bundle by name."""
    names = columns(part for part in _OPTIONAL if getattr(bundle, part) is not None)
    return {name: _member(bundle, name) for name in names}


def _member(bundle: Bundle, name: str) -> NDArray[Any]:
    value: Any = bundle
    for part in name.split("."):
        value = getattr(value, part)
    return np.asarray(value)


def lengths(arrays: Arrays, with_embeddings: bool) -> dict[str, int]:
    """Check that dtypes and shapes agree; return the length behind each name ("films": 62000, ...).

    Raises BundleDamaged naming the array, what was found and what was expected.
    """
    lengths_by_dimension: dict[str, tuple[int, str]] = {}
    parts = {part for part, names in _OPTIONAL.items() if not names.keys().isdisjoint(arrays)}
    parts = parts | {"embeddings"} if with_embeddings else parts - {"embeddings"}
    for name, column in columns(parts).items():
        if name not in arrays:
            raise BundleDamaged(f"{name}.npy: missing, but required by the format")
        array = arrays[name]
        if array.dtype.str != column.dtype or array.ndim != len(column.shape):
            raise BundleDamaged(
                f"{name}.npy: found {array.dtype.str} in {array.ndim} dimensions, "
                f"expected {column.dtype} in {len(column.shape)}"
            )
        for length, (dimension, length_here) in _dimensions(array, column):
            expected, first = lengths_by_dimension.setdefault(dimension, (length_here, name))
            if length_here != expected:
                raise BundleDamaged(f"{name}.npy: {length} is {length_here}, expected {expected} as in {first}.npy")
    return {dimension: length for dimension, (length, _) in lengths_by_dimension.items()}


def _dimensions(array: NDArray[Any], column: Column) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield (description, (name of the length, length)) for each dimension of an array."""
    for axis, (label, size) in enumerate(zip(column.shape, array.shape, strict=True)):
        base, plus, _ = label.partition("+1")
        yield f"length {axis} ({base})", (base, size - bool(plus))


def catalogue_of(arrays: Arrays, languages: tuple[str, ...]) -> Catalogue:
    """Return a catalogue over these arrays, without copying."""

    def of(name: str) -> NDArray[Any]:
        return arrays[f"catalogue.{name}"]

    traits = Traits(
        of("traits.offsets"), of("traits.ids"), of("traits.kinds"), of("traits.films"),
        _strings_of(arrays, "catalogue.traits.names"),
    )  # fmt: skip
    return Catalogue(
        item_ids=_strings_of(arrays, "catalogue.item_ids"),
        titles=_strings_of(arrays, "catalogue.titles"),
        details=_strings_of(arrays, "catalogue.details"),
        years=of("years"),
        genre_bits=of("genre_bits"),
        language_codes=of("language_codes"),
        languages=languages,
        votes=of("votes"),
        tmdb_ids=of("tmdb_ids"),
        tmdb_rows=of("tmdb_rows"),
        imdb_ids=of("imdb_ids"),
        imdb_rows=of("imdb_rows"),
        runtimes=of("runtimes"),
        ages=of("ages"),
        series=of("series"),
        parts=of("parts"),
        hashes=of("hashes"),
        hash_rows=of("hash_rows"),
        other_ids=_strings_of(arrays, "catalogue.other_ids"),
        other_hashes=of("other_hashes"),
        other_rows=of("other_rows"),
        traits=traits,
    )


def collaborative_of(arrays: Arrays) -> CollaborativeTables:
    """Return the collaborative tables over these arrays, without copying."""

    def of(name: str) -> NDArray[Any]:
        return arrays[f"collaborative.{name}"]

    return CollaborativeTables(
        rows=of("rows"),
        position=of("position"),
        main=ItemTable(of("main.columns"), of("main.values")),
        short=ItemTable(of("short.columns"), of("short.values")),
        outside=of("outside"),
        neighbours=of("neighbours"),
        neighbour_weights=of("neighbour_weights"),
        events=of("events"),
        shared=of("shared"),
    )


def embeddings_of(arrays: Arrays, encoder_id: str | None) -> Embeddings | None:
    """Return the film vectors over these arrays, None in a bundle without an encoder."""
    if encoder_id is None:
        return None
    cells = Cells(arrays["cells.centres"], arrays["cells.of"]) if "cells.of" in arrays else None
    codes, scales, mean = (arrays[f"embeddings.{part}"] for part in ("codes", "scales", "mean"))
    return Embeddings(codes, scales, mean, encoder_id, cells)


def nearest_of(arrays: Arrays) -> NearestFilms | None:
    """Return the films' neighbours over these arrays, None in a bundle without them."""
    return NearestFilms(arrays["nearest.rows"], arrays["nearest.cosines"]) if "nearest.rows" in arrays else None


def factors_of(arrays: Arrays) -> ItemFactors | None:
    """Return the film factors over these arrays, None in a bundle without them."""
    return ItemFactors(arrays["svd.units"]) if "svd.units" in arrays else None


def towers_of(arrays: Arrays) -> TwoTowerModel | None:
    """Return the two-tower model over these arrays; None if the bundle has none."""
    if "towers.items" not in arrays:
        return None
    return TwoTowerModel(**{name.removeprefix("towers."): arrays[name] for name in _TOWERS})


def _strings_of(arrays: Arrays, name: str) -> Strings:
    return Strings(arrays[f"{name}.offsets"], arrays[f"{name}.data"])
