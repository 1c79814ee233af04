"""The first ten films for an entry of the panel: from the pipeline, as for a website visitor, and from popularity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.panel.cases import Case, Rows
from data_jobs.evaluate.panel.entries import PanelQuery, PanelTaste
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.workbench import patient, rows_of
from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.similar import similar


@dataclass(frozen=True, slots=True, eq=False)
class TopTen:
    """``rows`` int32[<= 10], best first. ``matched``: whether any film matches the query, according to the response."""

    rows: Rows
    matched: bool = True


def top_ten(pipeline: Pipeline, case: Case) -> TopTen:
    """Return the pipeline's first ten films, with the API's defaults."""
    entry_request, catalogue = case.entry.request, pipeline.bundle.catalogue
    if isinstance(entry_request, PanelQuery):
        ranking = pipeline.rank(Request(k=TOP, query=entry_request.text), None, patient())
        return TopTen(rows_of(ranking.items), bool(ranking.matched))
    if isinstance(entry_request, PanelTaste):
        ids = tuple(catalogue.item_ids[row] for row in case.given.tolist())
        liked, disliked = ids[: len(entry_request.liked)], ids[len(entry_request.liked) :]
        request = Request(k=TOP, liked=liked, disliked=disliked)
        return TopTen(rows_of(pipeline.rank(request, None, patient(), with_reasons=False).items))
    return TopTen(rows_of(similar(pipeline, int(case.given[0]), TOP, patient()).items))


def most_popular(popularity: NDArray[np.float32], case: Case) -> TopTen:
    """Return the ten films with the largest ``popularity``, float32[films], without those given in the request."""
    order = np.argsort(-popularity, kind="stable")[: TOP + len(case.given)]
    return TopTen(order[~np.isin(order, case.given)][:TOP].astype(np.int32))
