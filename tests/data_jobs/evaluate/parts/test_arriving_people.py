"""People who arrive later, and models trained only on earlier data."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.few_likes import MIN_HIDDEN
from data_jobs.evaluate.moments import moment
from data_jobs.evaluate.parts.arriving_people import SHARES, arrivals, arrived
from data_jobs.evaluate.split import liked
from data_jobs.report import DataError
from tests.data_jobs.evaluate import kit


class RecordingWorkshop:
    """A workshop that records the newest event of each training part, and the user ids of requests."""

    def __init__(self, workshop) -> None:
        self._workshop = workshop
        self.made: list[tuple[int, set[str | None]]] = []

    def make(self, training):
        bench = self._workshop.make(training)
        pipeline = kit.RecordingPipeline(bench.pipeline)
        self.made.append((int(training.events.ts_ms.max()), pipeline.users))
        return replace(bench, pipeline=pipeline)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    recording = RecordingWorkshop(kit.workshop(tmp_path_factory.mktemp("moments"), vectors=False))
    return arrivals(kit.dataset(), recording, 20.0, 1, kit.Listening()), recording


def test_all_people_arrive_after_the_training_of_their_model(measured):
    _, recording = measured
    events = kit.dataset().events
    first = {user_id: int(events.ts_ms[events.user == code].min()) for code, user_id in enumerate(events.user_ids)}
    assert len(recording.made) == len(SHARES)
    for newest, users in recording.made:
        assert users
        assert all(first[user_id] > newest for user_id in users)


def test_each_person_is_served_by_the_last_model_before_them(measured):
    _, recording = measured
    groups = [users for _, users in recording.made]
    assert sum(map(len, groups)) == len(set.union(*groups))
    events = kit.dataset().events
    moments = [moment(events, share) for share in SHARES]
    counts = np.bincount(events.user[liked(events)], minlength=kit.VIEWERS)
    for codes, users in zip(arrived(events, moments), groups, strict=True):
        assert users == {events.user_ids[code] for code in codes if counts[code] > MIN_HIDDEN}


def test_people_with_earlier_events_take_no_part():
    events = kit.dataset().events
    [codes] = arrived(events, [int(events.ts_ms[events.user == 40].min()) + 1])
    assert codes == tuple(range(41, kit.VIEWERS))


def test_figures_for_each_number_of_likes(measured):
    result, _ = measured
    assert [entry.likes for entry in result.entries] == [1, 3, 5, 10]
    assert len(result.moments) == len(SHARES)
    for entry in result.entries:
        assert entry.ahead.mean == pytest.approx(entry.ndcg["pipeline"].mean - entry.ndcg["popularity"].mean)


def test_reports(measured):
    result, _ = measured
    [table] = result.tables()
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert len(list(result.bars())) == len(list(result.panels())) == 4
    assert len(list(result.figures())) == 4 * (2 * 3 + 2)


def test_no_arrivals_are_an_error(tmp_path):
    data = kit.dataset()
    ts_ms = np.where(np.append(True, np.diff(data.events.user) > 0), 0, data.events.ts_ms)  # all have an earlier event
    with pytest.raises(DataError, match="no arrivals"):
        arrivals(
            replace(data, events=replace(data.events, ts_ms=ts_ms)), kit.workshop(tmp_path), 20.0, 1, kit.Listening()
        )
