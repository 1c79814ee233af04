"""Bundle: everything needed to serve one release of the data; immutable, versioned by a hash of its content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.cells import Cells
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.nearest import NearestFilms
from services.recommender.domain.tables import CollaborativeTables
from services.recommender.domain.two_tower_model import TwoTowerModel
from services.recommender.domain.weights import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """``popularity`` float32[films], >= 0, scaled so that the mean of the best 50 is 1 (likes, with votes far below to
    order unrated films). ``acclaim`` float32[films], >= 0, on the same scale: votes times their squared average, for
    catalogues with few or no likes; all 0 without votes. ``embeddings`` is None in a bundle built without an encoder,
    ``nearest`` in such a one or of an earlier version, ``svd`` in one without ratings or of an earlier version,
    ``latent`` float16[table films, k] (signals/collaborative.py) in one without likes or of an earlier version,
    ``towers`` in one built without such a model.
    ``model_version`` identifies the collaborative model. ``figures`` are the evaluation figures written at build time.
    """

    version: str
    model_version: str
    catalogue: Catalogue
    collaborative: CollaborativeTables
    popularity: NDArray[np.float32]
    acclaim: NDArray[np.float32]
    embeddings: Embeddings | None
    weights: Weights = field(default_factory=Weights)
    figures: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = ""
    sources: tuple[str, ...] = ()
    svd: ItemFactors | None = None
    latent: NDArray[np.float16] | None = None
    towers: TwoTowerModel | None = None
    nearest: NearestFilms | None = None

    @property
    def cells(self) -> Cells | None:
        """The films by the direction of their vectors, in a very large catalogue."""
        return None if self.embeddings is None else self.embeddings.cells
