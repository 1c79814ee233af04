"""All that serving needs of one release of the data: immutable, versioned by the hash of its content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.tables import Collaborative
from services.recommender.domain.towers import TwoTower
from services.recommender.domain.weights import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """``popularity`` float32[films], >= 0, the mean of its best 50 is 1 (likes, with votes far below to order
    the films nobody rated). ``acclaim`` float32[films], >= 0, on the same scale: votes times their average squared, for
    catalogues with no or few likes; all 0 where there are no votes. ``embeddings`` is None in a bundle built without an
    encoder, ``svd`` in one without ratings and in one of an earlier version, ``towers`` in one built without such a
    model. ``model_version`` names the collaborative model. ``figures`` are the evaluation figures written at build.
    """

    version: str
    model_version: str
    catalogue: Catalogue
    collaborative: Collaborative
    popularity: NDArray[np.float32]
    acclaim: NDArray[np.float32]
    embeddings: Embeddings | None
    weights: Weights = field(default_factory=Weights)
    figures: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = ""
    sources: tuple[str, ...] = ()
    svd: ItemFactors | None = None
    towers: TwoTower | None = None
