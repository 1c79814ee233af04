"""Lambda is chosen on later likes, hidden from training: the newest of each person, and all since a moment."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from data_jobs.train import tune
from data_jobs.train.ease import Inverse
from data_jobs.train.interactions import Interactions, interactions_of
from data_jobs.train.tune import DAY_MS, Split, choose, figures, later_likes, moment_of, newest_likes
from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import EventKind
from services.recommender.domain.weights import Weights
from services.recommender.taste.fold_in import recency
from tests.data_jobs.train.worlds import Row, events_of, two_camps

FILMS = 40
NAMES = [f"p{person}" for person in range(200)]


def crowd(people: int = 60, likes: int = 10) -> Interactions:
    """Return people who each like films person ... person + likes - 1 (modulo) in order and dislike the next four."""
    rows: list[Row] = []
    for person in range(people):
        for at in range(likes + 4):
            stars = 5.0 if at < likes else 1.0
            rows.append((person, (person + at) % FILMS, EventKind.RATING, stars, 10 * at + (at >= likes) * -65))
    return interactions_of(events_of(rows, people), np.arange(FILMS, dtype=np.int32), FILMS)


def split_of(interactions: Interactions) -> Split:
    split = newest_likes(interactions, NAMES)
    assert split is not None
    return split


def test_the_newest_fifth_of_each_persons_likes_is_hidden() -> None:
    split = split_of(crowd())
    assert np.diff(split.hidden.indptr).tolist() == [2] * 60
    assert set(split.hidden[3].indices.tolist()) == {3 + 8, 3 + 9}


def test_hidden_likes_are_not_trained_on_and_only_later_dislikes_are_removed_with_them() -> None:
    whole = crowd()
    split = split_of(whole)
    hidden = set(zip(*split.hidden.nonzero(), strict=True))
    trained = set(zip(split.training.person.tolist(), split.training.film.tolist(), strict=True))
    assert not hidden & trained
    assert not hidden & set(zip(*split.seen.nonzero(), strict=True))
    assert set(zip(*split.seen.nonzero(), strict=True)) == trained
    # Of the dislikes at times 35, 45, 55 and 65 none is as late as the first hidden like, at 80.
    assert len(whole) - len(split.training) == 60 * 2


def test_dislikes_since_the_first_hidden_like_are_removed() -> None:
    rows: list[Row] = []
    for person in range(50):
        rows += [(person, film, EventKind.RATING, 5.0, film) for film in range(5)]
        rows += [(person, 5, EventKind.RATING, 1.0, 3), (person, 6, EventKind.RATING, 1.0, 4)]
    whole = interactions_of(events_of(rows, 50), np.arange(7, dtype=np.int32), 7)
    split = split_of(whole)
    assert set(split.training.film.tolist()) == {0, 1, 2, 3, 5}


def test_profiles_are_weighted_as_in_the_fold_in() -> None:
    split = split_of(crowd())
    profile = split.profiles[0].toarray()[0]
    # Twelve films left: likes at 0, 10 ... 70, dislikes at 35 ... 65; the newest like has rank 0.
    newer = [sum(later > at for later in [*range(0, 80, 10), 35, 45, 55, 65]) for at in range(0, 80, 10)]
    assert np.allclose(profile[:8], 1.3 * recency(np.array(newer, np.int32), Weights()))
    assert not profile[8:].any()


def test_equal_times_share_a_rank() -> None:
    rows: list[Row] = [(person, film, EventKind.RATING, 4.0, film // 3) for person in range(50) for film in range(9)]
    split = split_of(interactions_of(events_of(rows, 50), np.arange(9, dtype=np.int32), 9))
    profile = split.profiles[0].toarray()[0]
    assert profile[0] == profile[1] == profile[2] < profile[3] == profile[4] == profile[5]


def test_too_few_people_give_no_split() -> None:
    assert newest_likes(crowd(people=49), NAMES) is None
    assert newest_likes(crowd(people=200, likes=4), NAMES) is None


def test_of_many_people_a_sample_is_validated_while_all_others_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "MAX_PEOPLE", 55)
    split = split_of(crowd(people=90))
    assert split.hidden.shape == split.profiles.shape == (55, FILMS)
    assert len(set(split.training.person.tolist())) == 90
    assert len(crowd(people=90)) - len(split.training) == 55 * 2
    # Those with the smallest hashes: each person hides the same two films wherever the others come from.
    chosen = sorted(sorted(range(90), key=lambda person: hash_id(NAMES[person]))[:55])
    assert [sorted(row.indices.tolist()) for row in split.hidden] == [
        sorted([(person + 8) % FILMS, (person + 9) % FILMS]) for person in chosen
    ]


def arriving(past: int = 40, later: int = 20) -> Interactions:
    """Return people with a film a day: those with a past like films 0 ... 9 from day 0 on, the others from day 8 on."""
    rows: list[Row] = []
    for person in range(past + later):
        first = 0 if person < past else 8
        rows += [(person, film, EventKind.RATING, 5.0, (first + film) * DAY_MS) for film in range(10)]
    return interactions_of(events_of(rows, past + later), np.arange(FILMS, dtype=np.int32), FILMS)


def test_all_likes_since_the_moment_are_hidden_and_nothing_later_trains() -> None:
    whole = arriving()
    split = later_likes(whole, NAMES, moment_ms=7 * DAY_MS)
    assert split is not None
    assert split.training.ts_ms.max() < 7 * DAY_MS
    assert len(split.training) == 40 * 7
    assert [set(row.indices.tolist()) for row in split.hidden[:40]] == [{7, 8, 9}] * 40
    assert [set(row.indices.tolist()) for row in split.profiles[:40]] == [set(range(7))] * 40


def test_who_comes_after_the_moment_gives_the_first_half_and_does_not_train() -> None:
    split = later_likes(arriving(), NAMES, moment_ms=7 * DAY_MS)
    assert split is not None
    assert split.hidden.shape == (60, FILMS)
    assert [set(row.indices.tolist()) for row in split.seen[40:]] == [set(range(5))] * 20
    assert [set(row.indices.tolist()) for row in split.hidden[40:]] == [set(range(5, 10))] * 20
    assert not np.isin(split.training.person, np.arange(40, 60)).any()


def test_people_without_later_likes_or_without_a_profile_are_not_validated() -> None:
    assert later_likes(arriving(past=49, later=0), NAMES, 7 * DAY_MS) is None
    assert later_likes(arriving(past=60, later=0), NAMES, 10 * DAY_MS) is None
    some = arriving(past=40, later=20)
    only_dislikes = replace(some, weight=np.where((some.person == 3) & (some.film < 7), 0, some.weight))
    split = later_likes(only_dislikes, NAMES, 7 * DAY_MS)
    assert split is not None
    assert split.hidden.shape[0] == 59


def test_the_moment_is_the_first_midnight_with_four_fifths_of_the_events() -> None:
    noon = DAY_MS // 2
    days = np.array([0] * 5 + [1] * 2 + [2] + [3] * 2, np.int64)
    assert moment_of(20_000 * DAY_MS + days * DAY_MS + noon) == 20_003 * DAY_MS
    assert moment_of(np.full(9, noon)) == DAY_MS
    assert moment_of(np.zeros(0, np.int64)) == DAY_MS


class Oracle:
    """A solver that finds the hidden films of fewer people the further lambda is from ``best``, and records its calls.
    With ``best`` None every lambda finds all.
    """

    films, form = FILMS, "known"

    def __init__(self, split: Split, best: float | None) -> None:
        self.split, self.best = split, best
        self.calls: list[tuple[float, float]] = []

    def invert(self, ridge: float, dropout: float) -> Inverse:
        self.calls.append((ridge, dropout))
        scores = self.split.hidden.toarray()
        missed = 0 if self.best is None else int(10 * abs(np.log(ridge / self.best)))
        scores[:missed] *= -1
        return OracleInverse(scores)


class OracleInverse:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def rows(self, start: int, stop: int) -> np.ndarray:
        raise NotImplementedError

    def scores(self, profiles: sp.csr_matrix) -> np.ndarray:
        assert profiles.shape == self.values.shape
        return self.values


def climbed(best: float, grid: tuple[float, ...], start: float) -> tuple[float, list[float]]:
    """Return the lambda chosen and those tried if worth falls with the distance from ``best``."""
    split = split_of(crowd())
    solver = Oracle(split, best)
    trials = choose([(split, solver)], grid, 0.5, lambda _: None, start)
    return trials[0].ridge, [ridge for ridge, _ in solver.calls]


@pytest.mark.parametrize("best", [50.0, 80.0, 125.0, 200.0, 500.0])
def test_the_lambda_that_finds_the_hidden_likes_wins(best: float) -> None:
    assert climbed(best, (50.0, 80.0, 125.0, 200.0, 500.0), start=100.0)[0] == best


def test_only_the_way_to_the_peak_is_tried() -> None:
    chosen, tried = climbed(80.0, (50.0, 80.0, 125.0, 200.0, 500.0, 1000.0), start=80.0)
    assert chosen == 80.0
    assert sorted(tried) == [50.0, 80.0, 125.0]


def test_of_equals_the_larger_lambda_wins() -> None:
    split = split_of(crowd())
    trials = choose([(split, Oracle(split, best=None))], (50.0, 500.0, 80.0), 0.5, lambda _: None, start=80.0)
    assert trials[0].ridge == 500.0


def test_every_split_counts_the_same() -> None:
    newest, later = split_of(crowd()), later_likes(arriving(), NAMES, 7 * DAY_MS)
    assert later is not None
    splits = [(newest, Oracle(newest, best=50.0)), (later, Oracle(later, best=125.0))]
    trials = choose(splits, (50.0, 80.0, 125.0), 0.5, lambda _: None, start=80.0)
    assert [len(trial.recall) for trial in trials] == [2, 2, 2]
    assert trials[0].worth == sum(trials[0].recall) + sum(trials[0].ndcg) == max(trial.worth for trial in trials)
    # Each split alone would choose its own end of the grid.
    assert max(trials, key=lambda trial: trial.recall[0]).ridge == 50.0
    assert max(trials, key=lambda trial: trial.recall[1]).ridge == 125.0


def test_progress_is_reported_after_each_lambda() -> None:
    split, reports = split_of(crowd()), []
    choose([(split, Oracle(split, best=80.0))], (50.0, 80.0, 125.0), 0.5, reports.append, start=80.0)
    assert reports == [1, 2, 3]


def test_figures_by_hand() -> None:
    scores = np.arange(24, dtype=np.float32).reshape(2, 12)[:, ::-1].copy()
    seen = sp.csr_matrix((np.ones(1, np.float32), ([0], [0])), shape=(2, 12))
    # The first person's list begins at film 1 and has film 2 second; of the second's three one is beyond the ten.
    hidden = sp.csr_matrix((np.ones(4, np.float32), ([0, 1, 1, 1], [2, 0, 4, 11])), shape=(2, 12))
    recall, ndcg = figures(scores, seen, hidden)
    discount = 1 / np.log2(np.arange(2, 12))
    assert recall == pytest.approx((1 + 2 / 3) / 2)
    assert ndcg == pytest.approx((discount[1] + (discount[0] + discount[4]) / discount[:3].sum()) / 2)


def test_with_fewer_than_ten_films_the_list_is_shorter() -> None:
    hidden = sp.csr_matrix(np.array([[0, 1, 0]], np.float32))
    assert figures(np.array([[1, 3, 2]], np.float32), sp.csr_matrix((1, 3)), hidden) == (1.0, 1.0)


def test_the_split_is_the_same_every_time() -> None:
    dataset = two_camps()
    whole = interactions_of(dataset.events, np.arange(60, dtype=np.int32), 60)
    first, second = split_of(whole), split_of(whole)
    assert (first.hidden != second.hidden).nnz == 0
    assert np.array_equal(first.training.film, second.training.film)
