"""Put the panel's questions to the pipeline as a website visitor does, and to plain popularity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.panel.cases import Case, Rows
from data_jobs.evaluate.panel.entries import PanelQuery, PanelTaste
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.workbench import patient
from services.recommender.domain.request import Ranking, Request
from services.recommender.pipeline import Pipeline
from services.recommender.similar import similar


@dataclass(frozen=True, slots=True, eq=False)
class TopTen:
    """``rows`` int32[<= 10], best first. ``matched``: whether any film is said to match the query."""

    rows: Rows
    matched: bool = True


def ask(pipeline: Pipeline, case: Case) -> TopTen:
    """Return ten films, with the API's defaults."""
    wish, catalogue = case.entry.ask, pipeline.bundle.catalogue
    if isinstance(wish, PanelQuery):
        ranking = pipeline.rank(Request(k=TOP, query=wish.text), None, patient())
        return TopTen(_rows(ranking), _says_it_matches(ranking))
    if isinstance(wish, PanelTaste):
        ids = tuple(catalogue.item_ids[row] for row in case.asked.tolist())
        liked, disliked = ids[: len(wish.liked)], ids[len(wish.liked) :]
        request = Request(k=TOP, liked=liked, disliked=disliked)
        return TopTen(_rows(pipeline.rank(request, None, patient(), with_reasons=False)))
    items = similar(pipeline, int(case.asked[0]), TOP, patient()).items
    return TopTen(np.array([item.row for item in items], np.int32))


def most_popular(popularity: NDArray[np.float32], case: Case) -> TopTen:
    """Return the most liked films (``popularity`` float32[films]) without those given in the request."""
    order = np.argsort(-popularity, kind="stable")[: TOP + len(case.asked)]
    return TopTen(order[~np.isin(order, case.asked)][:TOP].astype(np.int32))


def _rows(ranking: Ranking) -> Rows:
    return np.array([item.row for item in ranking.items], np.int32)


def _says_it_matches(ranking: Ranking) -> bool:
    """Return whether any film is said to match the query."""
    return bool(ranking.matched)
