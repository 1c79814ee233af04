"""People who arrive later, and models that know nothing of them or of what came after."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.arrivals import SHARES, arrivals, arrived
from data_jobs.evaluate.few_likes import MIN_HIDDEN
from data_jobs.evaluate.moments import moment
from data_jobs.evaluate.split import liked
from data_jobs.report import DataError
from tests.data_jobs.evaluate import kit


class Watching:
    """A workshop that remembers what was trained on, and who was recommended to."""

    def __init__(self, workshop) -> None:
        self._workshop = workshop
        self.made: list[tuple[int, set[str | None]]] = []

    def make(self, training):
        bench = self._workshop.make(training)
        pipeline = kit.Asked(bench.pipeline)
        self.made.append((int(training.events.ts_ms.max()), pipeline.users))
        return replace(bench, pipeline=pipeline)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    watching = Watching(kit.workshop(tmp_path_factory.mktemp("moments"), vectors=False))
    return arrivals(kit.dataset(), watching, 20.0, 1, kit.Listening()), watching


def test_everybody_comes_after_the_training_they_are_asked_of(measured):
    _, watching = measured
    events = kit.dataset().events
    first = {user_id: int(events.ts_ms[events.user == code].min()) for code, user_id in enumerate(events.user_ids)}
    assert len(watching.made) == len(SHARES)
    for newest, users in watching.made:
        assert users
        assert all(first[user_id] > newest for user_id in users)


def test_each_person_is_asked_for_by_the_last_model_before_them(measured):
    _, watching = measured
    groups = [users for _, users in watching.made]
    assert sum(map(len, groups)) == len(set.union(*groups))
    events = kit.dataset().events
    moments = [moment(events, share) for share in SHARES]
    counts = np.bincount(events.user[liked(events)], minlength=kit.VIEWERS)
    for codes, users in zip(arrived(events, moments), groups, strict=True):
        assert users == {events.user_ids[code] for code in codes if counts[code] > MIN_HIDDEN}


def test_who_was_there_before_takes_no_part():
    events = kit.dataset().events
    [codes] = arrived(events, [int(events.ts_ms[events.user == 40].min()) + 1])
    assert codes == tuple(range(41, kit.VIEWERS))


def test_figures_for_each_number_of_likes(measured):
    found, _ = measured
    assert [entry.likes for entry in found.entries] == [1, 3, 5, 10]
    assert len(found.moments) == len(SHARES)
    for entry in found.entries:
        assert entry.ahead.mean == pytest.approx(entry.ndcg["pipeline"].mean - entry.ndcg["popularity"].mean)


def test_reports(measured):
    found, _ = measured
    [table] = found.tables()
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert len(list(found.bars())) == len(list(found.panels())) == 4
    assert len(list(found.figures())) == 4 * (2 * 3 + 2)


def test_nobody_who_arrives_is_an_error(tmp_path):
    data = kit.dataset()
    ts_ms = np.where(np.append(True, np.diff(data.events.user) > 0), 0, data.events.ts_ms)  # all have been there
    with pytest.raises(DataError, match="no arrivals"):
        arrivals(
            replace(data, events=replace(data.events, ts_ms=ts_ms)), kit.workshop(tmp_path), 20.0, 1, kit.Listening()
        )
