"""Five models, each trained without the people of its fold."""

from tests.data_jobs.evaluate import kit


def test_each_person_is_in_one_fold(folds):
    assert len(folds) == 5
    assert sorted(code for fold in folds for code in fold.codes) == list(range(kit.VIEWERS))


def test_the_training_of_a_fold_has_no_event_of_its_people(folds):
    events = kit.dataset().events
    for fold in folds:
        trained = fold.bench.dataset.events
        assert set(trained.user.tolist()) == set(range(kit.VIEWERS)) - set(fold.codes)
        assert len(trained) + sum((events.user == code).sum() for code in fold.codes) == len(events)


def test_people_have_all_their_events_on_the_rows_of_the_bench(folds):
    fold = folds[0]
    events, moved = kit.dataset().events, fold.people.dataset
    assert len(moved.events) == len(events)
    catalogue = fold.bench.bundle.catalogue
    assert [film.item_id for film in moved.films] == list(catalogue.item_ids)
