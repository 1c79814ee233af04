"""The last step of a build: assemble the bundle and write it to disk."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_jobs.text_index import write_text_index
from data_jobs.train import TrainedModel
from services.adapters.bundle.writer import write_bundle
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.nearest import NearestFilms
from services.recommender.domain.tables import CollaborativeTables
from services.recommender.domain.two_tower_model import TwoTowerModel
from services.recommender.domain.weights import Weights


def assemble(
    catalogue: Catalogue,
    collaborative: CollaborativeTables,
    popularity: NDArray[np.float32],
    acclaim: NDArray[np.float32],
    model_version: str,
    *,
    embeddings: Embeddings | None = None,
    weights: Weights | None = None,
    figures: Mapping[str, Any] | None = None,
    sources: tuple[str, ...] = (),
    svd: ItemFactors | None = None,
    latent: NDArray[np.float16] | None = None,
    towers: TwoTowerModel | None = None,
    nearest: NearestFilms | None = None,
) -> Bundle:
    """Return a bundle from its parts; without an encoder it has no embeddings. ``version`` is empty until it is
    written.
    """
    return Bundle(
        version="",
        model_version=model_version,
        catalogue=catalogue,
        collaborative=collaborative,
        popularity=popularity,
        acclaim=acclaim,
        embeddings=embeddings,
        weights=weights or Weights(),
        figures=figures or {},
        sources=sources,
        svd=svd,
        latent=latent,
        towers=towers,
        nearest=nearest,
    )


def bundle_of(
    model: TrainedModel,
    catalogue: Catalogue,
    embeddings: Embeddings | None,
    sources: tuple[str, ...],
    weights: Weights | None = None,
    towers: TwoTowerModel | None = None,
    nearest: NearestFilms | None = None,
) -> Bundle:
    """Return the bundle of a model and its training data; see ``assemble``."""
    return assemble(
        catalogue,
        model.collaborative,
        model.popularity,
        model.acclaim,
        model.model_version,
        embeddings=embeddings,
        weights=weights,
        sources=sources,
        svd=model.factors,
        latent=model.latent,
        towers=towers,
        nearest=nearest,
    )


def save(bundle: Bundle, home: Path, extra: Mapping[str, Any] | None = None) -> Path:
    """Write a bundle with its text index under ``home/bundles`` and return its folder. It is not activated.

    Raises BundleError (see ``write_bundle``).
    """
    with tempfile.TemporaryDirectory(prefix="marquee-text-index-") as folder:
        index = write_text_index(bundle.catalogue, Path(folder) / "index")
        return write_bundle(bundle, index, home / "bundles", extra)
