"""Cold films: really without a rating, looked for among all films and among themselves."""

import numpy as np
import pytest

from data_jobs.evaluate.cold_items import cold_items, draw
from data_jobs.evaluate.split import liked
from tests.data_jobs.evaluate import kit


@pytest.mark.parametrize(("films", "wanted"), [(1, 1), (90, 4), (9_742, 487)])
def test_a_twentieth_of_the_films_is_drawn(films, wanted):
    assert draw(films, 0).sum() == wanted


def test_a_seed_draws_the_same_and_another_others():
    assert np.array_equal(draw(500, 1), draw(500, 1))
    assert not np.array_equal(draw(500, 1), draw(500, 2))


class Watching:
    def __init__(self, workshop) -> None:
        self._workshop = workshop
        self.training = None

    def make(self, training):
        self.training = training
        return self._workshop.make(training)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    watching = Watching(kit.workshop(tmp_path_factory.mktemp("cold")))
    return cold_items(kit.dataset(), watching, 3, kit.Listening()), watching.training


def test_the_training_has_no_rating_of_a_cold_film_and_all_of_the_others(measured):
    _, training = measured
    cold, events = draw(kit.FILMS, 3), kit.dataset().events
    assert not cold[training.events.film].any()
    assert len(training.events) == int((~cold[events.film]).sum())


def test_what_is_to_be_found_are_the_likes_of_cold_films(measured):
    found, _ = measured
    cold, events = draw(kit.FILMS, 3), kit.dataset().events
    wanted = cold[events.film] & liked(events)
    assert (found.films, found.likes) == (4, int(wanted.sum()))
    assert found.people == len(set(events.user[wanted].tolist()))


def test_figures_are_shares_and_differences_of_them(measured):
    found, _ = measured
    assert set(found.models) == {"pipeline", "content", "content, centred"}
    for each in found.models.values():
        assert 0 <= each.recall.mean <= each.recall_deep.mean <= 1
        assert each.recall_among.mean == 1.0  # ten films asked for among four
    pipeline, content = found.models["pipeline"], found.models["content"]
    assert found.ahead.recall.mean == pytest.approx(pipeline.recall.mean - content.recall.mean)
    assert 0 <= found.pages.mean <= 1


def test_without_vectors_there_is_nothing_to_compare_with(tmp_path):
    found = cold_items(kit.dataset(), kit.workshop(tmp_path, vectors=False), 3, kit.Listening())
    assert set(found.models) == {"pipeline"}
    assert found.ahead is None
