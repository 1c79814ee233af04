"""Film series as the catalogue has them."""

import numpy as np

from services.recommender.domain.catalogue import Catalogue


def series(catalogue: Catalogue) -> list[tuple[int, ...]]:
    """Rows of each series of two films or more, by year; a film is in one series at most."""
    members = np.flatnonzero(catalogue.series >= 0)
    order = members[np.lexsort((catalogue.parts[members], catalogue.series[members]))]
    ends = np.flatnonzero(np.diff(catalogue.series[order])) + 1
    return [tuple(rows.tolist()) for rows in np.split(order, ends)] if len(order) else []
