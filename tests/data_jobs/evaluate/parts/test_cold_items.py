"""Cold films: without a rating in training, ranked among all films and among the cold ones."""

import numpy as np
import pytest

from data_jobs.evaluate.parts.cold_items import cold_items, draw
from data_jobs.evaluate.split import liked
from tests.data_jobs.evaluate import kit


@pytest.mark.parametrize(("films", "expected"), [(1, 1), (90, 4), (9_742, 487)])
def test_a_twentieth_of_the_films_is_drawn(films, expected):
    assert draw(films, 0).sum() == expected


def test_the_seed_decides_the_draw():
    assert np.array_equal(draw(500, 1), draw(500, 1))
    assert not np.array_equal(draw(500, 1), draw(500, 2))


class RecordingWorkshop:
    def __init__(self, workshop) -> None:
        self._workshop = workshop
        self.training = None

    def make(self, training):
        self.training = training
        return self._workshop.make(training)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    recording = RecordingWorkshop(kit.workshop(tmp_path_factory.mktemp("cold")))
    return cold_items(kit.dataset(), recording, 3, kit.Listening()), recording.training


def test_the_training_has_no_rating_of_a_cold_film_and_all_of_the_others(measured):
    _, training = measured
    cold, events = draw(kit.FILMS, 3), kit.dataset().events
    assert not cold[training.events.film].any()
    assert len(training.events) == int((~cold[events.film]).sum())


def test_the_hidden_likes_are_those_of_cold_films(measured):
    result, _ = measured
    cold, events = draw(kit.FILMS, 3), kit.dataset().events
    expected = cold[events.film] & liked(events)
    assert (result.films, result.likes) == (4, int(expected.sum()))
    assert result.people == len(set(events.user[expected].tolist()))


def test_figures_are_shares_and_differences_of_them(measured):
    result, _ = measured
    assert set(result.models) == {"pipeline", "content", "content, centred"}
    for model in result.models.values():
        assert 0 <= model.recall.mean <= model.recall_deep.mean <= 1
        assert model.recall_among.mean == 1.0  # ten of four films
    pipeline, content = result.models["pipeline"], result.models["content"]
    assert result.ahead.recall.mean == pytest.approx(pipeline.recall.mean - content.recall.mean)
    assert 0 <= result.pages.mean <= 1


def test_without_vectors_there_is_nothing_to_compare_with(tmp_path):
    result = cold_items(kit.dataset(), kit.workshop(tmp_path, vectors=False), 3, kit.Listening())
    assert set(result.models) == {"pipeline"}
    assert result.ahead is None
