"""Five models, none of which has seen its people."""

from tests.data_jobs.evaluate import kit


def test_everybody_is_in_one_fold(folds):
    assert len(folds) == 5
    assert sorted(code for fold in folds for code in fold.codes) == list(range(kit.VIEWERS))


def test_the_people_of_a_fold_left_its_training_with_all_they_rated(folds):
    events = kit.dataset().events
    for fold in folds:
        trained = fold.bench.dataset.events
        assert set(trained.user.tolist()) == set(range(kit.VIEWERS)) - set(fold.codes)
        assert len(trained) + sum((events.user == code).sum() for code in fold.codes) == len(events)


def test_what_they_rated_is_known_on_the_rows_of_the_bench(folds):
    fold = folds[0]
    events, here = kit.dataset().events, fold.people.dataset
    assert len(here.events) == len(events)
    catalogue = fold.bench.bundle.catalogue
    assert [film.item_id for film in here.films] == list(catalogue.item_ids)
