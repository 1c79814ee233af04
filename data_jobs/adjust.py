"""Adjust the data before training: join people's feedback, leave out a holdout."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from data_jobs.readers.events import Columns, keep_standing, to_events
from data_jobs.readers.files import read_table
from data_jobs.records import Dataset, Events
from data_jobs.report import DataError, Report
from services.recommender.domain.profile import mark_of
from services.recommender.ports import LoggedEvent

LOG_NAME = "feedback"
_BATCH = 100_000
_HOLDOUT_COLUMNS = ("userId", "movieId")
_SCHEMA = {
    "user": pl.String, "film": pl.Int32, "kind": pl.UInt8, "value": pl.Float32, "ts_ms": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Joined:
    """The data with the log joined. ``unknown``: log events of films no longer in the catalogue. ``erased``: people of
    the data who were left out.
    """

    dataset: Dataset
    events: int
    unknown: int
    erased: int


def join_log(dataset: Dataset, log: Iterable[LoggedEvent], erased: Collection[str] = ()) -> Joined:
    """Join people's logged events to the data; for each person and film, keep the decisive event.

    ``erased``: marks of erased people (``mark_of``). Their events in the data are left out; later events from the log
    count. The log is read once, in batches.
    """
    row_of = rows_by_id(dataset)
    left_out = frozenset(user for user in dataset.events.user_ids if mark_of(user) in erased) if erased else frozenset()
    log_frame = pl.concat([_log_frame([], row_of), *(_log_frame(batch, row_of) for batch in _batches(log))])
    in_catalogue = log_frame.filter(pl.col("film").is_not_null())
    both = pl.concat([_frame(dataset.events, left_out), in_catalogue]).with_row_index("line")
    columns = Columns(LOG_NAME, {}, Report(keep=0))
    events = to_events(keep_standing(both, columns))
    sources = (*dataset.sources, LOG_NAME)
    joined = replace(dataset, events=events, sources=sources)
    return Joined(joined, in_catalogue.height, log_frame.height - in_catalogue.height, len(left_out))


def rows_by_id(dataset: Dataset) -> dict[str, int]:
    """Return the row for each id of a film, other ids included."""
    return {item_id: row for row, film in enumerate(dataset.films) for item_id in (film.item_id, *film.other_ids)}


def _batches(log: Iterable[LoggedEvent]) -> Iterator[list[LoggedEvent]]:
    events = iter(log)
    while batch := list(islice(events, _BATCH)):
        yield batch


def _frame(events: Events, left_out: Collection[str]) -> pl.DataFrame:
    users = pl.Series(events.user_ids, dtype=pl.String).gather(events.user)
    columns = {"user": users, "film": events.film, "kind": events.kind, "value": events.value, "ts_ms": events.ts_ms}
    frame = pl.DataFrame(columns, schema=_SCHEMA)
    return frame.filter(~pl.col("user").is_in(list(left_out))) if left_out else frame


def _log_frame(logged_events: list[LoggedEvent], row_of: dict[str, int]) -> pl.DataFrame:
    """Return logged events as columns; ``film`` is null if the catalogue lacks the id."""
    return pl.DataFrame(
        {
            "user": [logged_event.user_id for logged_event in logged_events],
            "film": [row_of.get(logged_event.event.item_id) for logged_event in logged_events],
            "kind": [int(logged_event.event.kind) for logged_event in logged_events],
            "value": [logged_event.event.value for logged_event in logged_events],
            "ts_ms": [logged_event.event.ts_ms for logged_event in logged_events],
        },
        schema=_SCHEMA,
    )


def leave_out(dataset: Dataset, holdout: Path, report: Report) -> Dataset:
    """Return the dataset without the events that ``holdout`` (userId, movieId, ...) lists.

    Raises DataError if the file is unusable or matches nothing in the data.
    """
    table = read_table(holdout, report, _HOLDOUT_COLUMNS, ())
    user_of = {user_id: code for code, user_id in enumerate(dataset.events.user_ids)}
    row_of = rows_by_id(dataset)
    pairs = [
        user_of[user] * len(dataset.films) + row_of[film]
        for user, film in zip(table["userId"], table["movieId"], strict=True)
        if user in user_of and film in row_of
    ]
    events = dataset.events
    keys = events.user.astype(np.int64) * len(dataset.films) + events.film
    keep = ~np.isin(keys, np.array(pairs, np.int64))
    if keep.all():
        raise DataError(f"{holdout.name}: matches no event here; are its userId and movieId from this data set?")
    return replace(dataset, events=_take(events, keep))


def _take(events: Events, keep: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Events:
    return Events(
        events.user_ids,
        events.user[keep],
        events.film[keep],
        events.kind[keep],
        events.value[keep],
        events.ts_ms[keep],
    )
