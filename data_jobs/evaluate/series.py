"""The film series of a catalogue."""

import numpy as np

from services.recommender.domain.catalogue import Catalogue


def series(catalogue: Catalogue) -> list[tuple[int, ...]]:
    """Return the rows of each series of at least two films, by year; a film is in at most one series."""
    members = np.flatnonzero(catalogue.series >= 0)
    order = members[np.lexsort((catalogue.parts[members], catalogue.series[members]))]
    ends = np.flatnonzero(np.diff(catalogue.series[order])) + 1
    return [tuple(rows.tolist()) for rows in np.split(order, ends)] if len(order) else []
