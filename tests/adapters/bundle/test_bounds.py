"""Bounds of a bundle's arrays: an offset, row or code out of range is refused when the bundle is opened."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data_jobs.nearest import nearest_films
from data_jobs.report import Silent
from services.adapters.bundle.bounds import (
    _FINITE_LARGE,
    _FINITE_SMALL,
    _LARGE,
    _OFFSETS,
    _SMALL,
    check_bounds,
)
from services.adapters.bundle.layout import arrays_of, lengths
from services.adapters.bundle.reader import open_bundle
from services.recommender.domain.cells import Cells
from services.recommender.errors import BundleDamaged

Arrays = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def whole(finished: Path) -> tuple[Arrays, dict[str, int], int]:
    bundle = open_bundle(finished, verify=True)
    assert bundle.embeddings is not None
    films = len(bundle.catalogue)
    cells = Cells(bundle.embeddings.directions(np.arange(5)), (np.arange(films) % 5).astype(np.uint16))
    nearest = nearest_films(bundle.embeddings, Silent(), films=100, neighbours=20)
    bundle = replace(bundle, embeddings=replace(bundle.embeddings, cells=cells), nearest=nearest)
    arrays = arrays_of(bundle)
    return arrays, lengths(arrays, bundle.embeddings is not None), len(bundle.catalogue.languages)


def refuse(whole: tuple[Arrays, dict[str, int], int], name: str, array: NDArray[Any]) -> None:
    arrays, counts, languages = whole
    with pytest.raises(BundleDamaged, match=rf"{name}\.npy"):
        check_bounds({**arrays, name: array}, counts, languages, everything=True)


def test_a_whole_bundle_passes(whole: tuple[Arrays, dict[str, int], int]) -> None:
    check_bounds(*whole, everything=True)


@pytest.mark.parametrize("name", [*_SMALL, *_LARGE])
def test_an_index_out_of_range_is_refused(whole: tuple[Arrays, dict[str, int], int], name: str) -> None:
    array = whole[0][name]
    if not array.size:
        pytest.skip("the catalogue has none")
    info = np.iinfo(array.dtype)
    beyond = {info.min, info.max} if info.min < 0 else {info.max}
    if name in (
        "catalogue.votes",
        "catalogue.tmdb_ids",
        "catalogue.parts",
        "catalogue.traits.films",
        "catalogue.imdb_ids",
        "collaborative.events",
    ):
        beyond -= {info.max}
    for wrong in beyond:
        changed = array.copy()
        changed.flat[-1] = wrong
        refuse(whole, name, changed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_decreasing_offsets_are_refused(whole: tuple[Arrays, dict[str, int], int], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(_OFFSETS)))
    offsets = whole[0][name].copy()
    at = data.draw(st.integers(0, len(offsets) - 1))
    wrong = data.draw(st.integers(-(1 << 31), -1) | st.integers(int(offsets[-1]) + 1, (1 << 31) - 1))
    offsets[at] = wrong
    refuse(whole, name, offsets)


@pytest.mark.parametrize("name", [*_FINITE_SMALL, *_FINITE_LARGE])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused(
    whole: tuple[Arrays, dict[str, int], int], name: str, wrong: float
) -> None:
    if name not in whole[0] or not whole[0][name].size:
        pytest.skip("the bundle has none")
    changed = whole[0][name].copy()
    changed.flat[0] = wrong
    refuse(whole, name, changed)


def test_hashes_out_of_order_are_refused(whole: tuple[Arrays, dict[str, int], int]) -> None:
    refuse(whole, "catalogue.hashes", whole[0]["catalogue.hashes"][::-1].copy())


@pytest.mark.parametrize("name", ["catalogue.tmdb_rows", "catalogue.imdb_rows"])
def test_rows_not_in_the_order_of_their_ids_are_refused(whole: tuple[Arrays, dict[str, int], int], name: str) -> None:
    refuse(whole, name, whole[0][name][::-1].copy())
