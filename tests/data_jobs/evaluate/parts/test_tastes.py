"""The draw of focused tastes: three likes that share a trait, of people unseen in training."""

import numpy as np
import pytest

from data_jobs.evaluate.parts import tastes
from data_jobs.evaluate.parts.tastes import KNOWN, MIN_HIDDEN, TRAITS_EACH, draw


@pytest.fixture(scope="module")
def fold(folds):
    return folds[1]


@pytest.fixture(scope="module")
def drawn(fold):
    return draw(fold, seed=3)


def likes(fold, code: int) -> set[int]:
    return set(fold.people.dataset.events.film[fold.people.likes_of(code)].tolist())


def test_three_likes_of_one_trait_are_known_and_the_others_hidden(fold, drawn):
    assert drawn
    for taste in drawn:
        known, rest, others = (set(rows.tolist()) for rows in (taste.known_likes, taste.of_trait, taste.others))
        assert len(known) == KNOWN
        assert len(rest) >= MIN_HIDDEN
        assert known | rest == likes(fold, taste.code) & set(taste.films.tolist())
        assert others == likes(fold, taste.code) - known


def test_the_profile_has_only_the_known_likes(fold, drawn):
    for taste in drawn:
        rows = fold.bench.bundle.catalogue.rows_of_hashes(taste.profile.seen)
        assert sorted(rows.tolist()) == sorted(taste.known_likes.tolist())


def test_only_people_of_the_fold(fold, drawn):
    assert {taste.code for taste in drawn} <= set(fold.codes)


def test_at_most_two_traits_of_a_kind_from_a_person(drawn):
    pairs = [(taste.code, taste.kind) for taste in drawn]
    assert max(map(pairs.count, pairs)) == TRAITS_EACH


def test_kinds_that_all_films_share_are_skipped(drawn):
    assert {taste.kind for taste in drawn} == {"director"}  # one language, three genres of a third each


def test_a_kind_has_at_most_so_many_cases(fold, drawn, monkeypatch):
    monkeypatch.setattr(tastes, "MAX_PER_KIND", 5)
    assert len(draw(fold, seed=3)) == 5 < len(drawn)


def test_the_seed_decides(fold, drawn):
    def known(seed: int) -> list[list[int]]:
        return [taste.known_likes.tolist() for taste in draw(fold, seed)]

    assert known(3) == [taste.known_likes.tolist() for taste in drawn]
    assert known(4) != known(3)
    assert np.all([len(set(rows)) == KNOWN for rows in known(4)])
