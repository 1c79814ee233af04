"""The counterfactual test tells true reasons from false ones."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.reasons import examine, raw_scores, reasons, without_trait
from data_jobs.evaluate.workbench import patient
from services.recommender.domain.request import Pick, Reason, ReasonKind, Request
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def someone(bench):
    return bench.people.profile("viewer-4")


@pytest.fixture(scope="module")
def page(bench, someone):
    return bench.pipeline.rank(Request(user_id=someone.user_id, k=10, diversity=0.0), someone, patient()).picks


def cite(kind: ReasonKind, subject: str, item_id: str | None = None) -> Reason:
    return Reason(kind, f"cites {subject}", subject, 1.0, item_id)


class TestRawScores:
    def test_undo_the_logistic(self, bench, someone, page):
        rows = np.array([pick.row for pick in page], np.int32)
        shown = [pick.score for pick in page]
        assert 1 / (1 + np.exp(-raw_scores(bench, bench.pipeline, someone, rows))) == pytest.approx(shown)

    def test_are_those_of_the_whole_catalogue_whatever_is_asked(self, bench, someone, page):
        rows = np.array([pick.row for pick in page], np.int32)
        one_by_one = [raw_scores(bench, bench.pipeline, someone, rows[[at]])[0] for at in range(len(rows))]
        assert raw_scores(bench, bench.pipeline, someone, rows) == pytest.approx(one_by_one)


class TestFilms:
    def falls(self, bench, someone, row: int) -> dict[str, float]:
        rows = np.array([row], np.int32)
        whole = raw_scores(bench, bench.pipeline, someone, rows)[0]
        taste = [
            bench.bundle.catalogue.item_ids[int(film)]
            for film in bench.bundle.catalogue.rows_of_hashes(someone.history.hashes)
        ]
        return {
            item_id: whole
            - raw_scores(
                bench,
                bench.pipeline,
                replace(
                    someone,
                    history=someone.history.without(
                        bench.bundle.catalogue.film_hashes()[bench.bundle.catalogue.rows_of([item_id])]
                    ),
                ),
                rows,
            )[0]
            for item_id in taste
        }

    def test_the_film_that_matters_most_is_a_true_reason(self, bench, someone, page):
        falls = self.falls(bench, someone, page[0].row)
        best = max(falls, key=falls.__getitem__)
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.LIKED, "the best", best),))])
        assert verdict.falls
        assert verdict.largest

    def test_the_film_that_matters_least_is_not(self, bench, someone, page):
        falls = self.falls(bench, someone, page[0].row)
        worst = min(falls, key=falls.__getitem__)
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.LIKED, "the worst", worst),))])
        assert not verdict.largest
        assert "cites the worst" in verdict.words

    def test_a_film_the_person_never_touched_is_not(self, bench, someone, page):
        stranger = bench.bundle.catalogue.item_ids[page[1].row]
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.LIKED, "?", stranger),))])
        assert not verdict.falls


class TestTraits:
    def test_a_trait_that_the_taste_shares_is_a_true_reason(self, bench, someone, page):
        genre = kit.SCHOOLS[kit.school_of(bench, page[0].row)][0]
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.GENRE, genre),))])
        assert verdict.falls

    def test_a_trait_that_the_film_has_not_is_none(self, bench, someone, page):
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.DIRECTOR, "Nobody"),))])
        assert not verdict.falls

    def test_without_a_trait_the_pipeline_itself_stays_as_it_was(self, bench, page):
        before = bench.pipeline.trait_rows.values.copy()
        genre = kit.SCHOOLS[kit.school_of(bench, page[0].row)][0]
        less = without_trait(bench.pipeline, page[0].row, cite(ReasonKind.GENRE, genre))
        assert np.array_equal(bench.pipeline.trait_rows.values, before)
        assert (less.trait_rows.values == 0).sum() > (before == 0).sum()


def test_what_only_fills_up_cites_nothing(bench, someone):
    popular = Pick(0, 0.5, (cite(ReasonKind.POPULAR, "Western"),))
    assert examine(bench, someone, [popular]) == [[]]


def test_every_person_gives_five_answers(bench):
    progress = kit.Listening()
    found = reasons(bench, 0, progress)
    assert found.answers == 5 * kit.VIEWERS
    assert progress.heard[-1] == ("reasons, people", kit.VIEWERS, kit.VIEWERS)
    assert found.films_fall.n == found.films_largest.n > 0
    assert 0 <= found.uncited < found.answers


def test_what_did_not_hold_is_put_into_words(bench):
    found = reasons(bench, 0, kit.Listening())
    shares = (found.films_fall, found.films_largest, found.traits_fall)
    assert bool(found.wrong) == any(share.mean < 1 for share in shares if share.n)
