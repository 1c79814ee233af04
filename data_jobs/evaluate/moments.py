"""Splits of the events at one moment for all people.

The training part contains nothing of the future: no later event, and none of the film data that grows with time (votes,
their average, popularity, people's tags), since data sets hold it as of their release. All films stay, including those
released later: a recommendation is not wrong because its film was not out yet.
"""

from dataclasses import replace

import numpy as np

from data_jobs.evaluate.split import Holdout, SplitKind, liked, relevant_items, without
from data_jobs.records import Dataset, Events
from data_jobs.report import DataError

SHARE = 0.8


def moment(events: Events, share: float) -> int:
    """Return the time, epoch ms, before which ``share`` of the events lie; events at that time count as later."""
    return int(np.sort(events.ts_ms)[int(share * len(events))])


def before(dataset: Dataset, ts_ms: int) -> Dataset:
    """Return the data as it was before a moment; user codes do not change."""
    films = (replace(film, vote_count=None, vote_average=None, popularity=None, tags=()) for film in dataset.films)
    return replace(without(dataset, dataset.events.ts_ms >= ts_ms), films=tuple(films))


def draw(dataset: Dataset, share: float = SHARE) -> Holdout:
    """Split at the moment before which ``share`` of the events lie; hold out later likes of people with earlier ones.

    Raises DataError if there are no such people.
    """
    events = dataset.events
    cut, likes = moment(events, share), liked(events)
    has_likes = np.zeros(len(events.user_ids), bool)
    has_likes[events.user[likes & (events.ts_ms < cut)]] = True
    relevant = relevant_items(dataset, likes & (events.ts_ms >= cut) & has_likes[events.user])
    if not relevant:
        raise DataError(
            "no person has likes before and after the moment that splits the events 80 to 20, so nothing can be held "
            "out; give --split time, or --arrivals for people who came later"
        )
    return Holdout(before(dataset, cut), relevant, SplitKind.GLOBAL)
