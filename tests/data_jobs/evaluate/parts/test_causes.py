"""The checks of reasons distinguish true ones from false ones."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.few_likes import cut
from data_jobs.evaluate.parts.causes import examine, first_reason, raw_scores, without_trait
from data_jobs.evaluate.workbench import patient
from services.recommender.domain.request import RankedItem, Reason, ReasonKind, Request
from services.recommender.taste.fold_in import fold_in
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def someone(bench):
    return bench.people.profile("viewer-4")


@pytest.fixture(scope="module")
def page(bench, someone):
    return bench.pipeline.rank(Request(user_id=someone.user_id, k=10, diversity=0.0), someone, patient()).items


def plan_of(bench, profile):
    return bench.pipeline.plan(Request(user_id=profile.user_id), profile)


def personal(bench, whole, profile, page):
    """Return the part of some items' scores that comes from the taste, under the plan of a whole profile."""
    rows = np.array([item.row for item in page], np.int32)
    request = Request(user_id=whole.user_id, k=len(rows), diversity=0.0, explain=True)
    shown = np.delete(bench.hashes, rows)
    items = bench.pipeline.rank(request, profile, patient(), shown, plan=plan_of(bench, whole)).items
    terms = {item.row: sum(term for name, term in item.signals.items() if name != "popularity") for item in items}
    return np.array([terms[item.row] for item in page])


def cite(kind: ReasonKind, subject: str, item_id: str | None = None) -> Reason:
    return Reason(kind, f"cites {subject}", subject, 1.0, item_id)


class TestScores:
    def test_are_those_of_the_answer(self, bench, someone):
        request = Request(user_id=someone.user_id, k=10, diversity=0.0, explain=True)
        page = bench.pipeline.rank(request, someone, patient()).items
        rows = np.array([item.row for item in page], np.int32)
        constants = bench.pipeline.constants
        signed = np.array([2 * item.score - 1 for item in page])
        raw = constants.score_midpoint + constants.score_scale * signed / (1 - np.abs(signed))
        assert raw_scores(bench, bench.pipeline, someone, rows, plan_of(bench, someone)) == pytest.approx(raw, abs=1e-5)

    def test_do_not_depend_on_the_films_requested(self, bench, someone, page):
        rows = np.array([item.row for item in page], np.int32)
        plan = plan_of(bench, someone)
        one_by_one = [raw_scores(bench, bench.pipeline, someone, rows[[at]], plan)[0] for at in range(len(rows))]
        assert raw_scores(bench, bench.pipeline, someone, rows, plan) == pytest.approx(one_by_one)


class TestFirstReason:
    @pytest.mark.parametrize(
        ("kind", "signals", "popular", "true", "largest"),
        [
            (ReasonKind.POPULAR, {"popularity": 0.3, "collaborative": 1.3, "traits": 0.1}, True, False, False),
            (ReasonKind.POPULAR, {"popularity": 0.3, "collaborative": 0.2, "traits": 0.1}, True, True, True),
            (ReasonKind.LIKED, {"popularity": 0.3, "collaborative": 0.2, "traits": 0.1}, False, False, False),
            (ReasonKind.LIKED, {"popularity": 0.3, "collaborative": 0.4, "traits": 0.1}, False, True, True),
            (ReasonKind.LIKED, {"popularity": 0.3, "collaborative": 0.4, "traits": 0.5}, False, True, False),
            (ReasonKind.LIKED, {"popularity": 0.3, "novelty": 0.5}, False, True, True),
            (ReasonKind.DIRECTOR, {"popularity": 0.3, "collaborative": 0.4, "traits": 0.5}, False, True, True),
            (ReasonKind.GENRE, {"popularity": 0.6, "collaborative": 0.4, "traits": 0.5}, False, False, False),
        ],
    )
    def test_is_compared_with_the_largest_term(self, bench, someone, kind, signals, popular, true, largest):
        item = RankedItem(0, 0.5, (cite(kind, "something"), cite(ReasonKind.LIKED, "more")), signals)
        check = first_reason(bench, someone, item)
        assert (check.popular, check.true, check.largest) == (popular, true, largest)
        assert "cites something" in check.words


class TestFilms:
    def falls(self, bench, someone, row: int) -> dict[str, float]:
        rows = np.array([row], np.int32)
        plan = plan_of(bench, someone)
        whole = raw_scores(bench, bench.pipeline, someone, rows, plan)[0]
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
                plan,
            )[0]
            for item_id in taste
        }

    def test_the_film_that_matters_most_is_a_true_reason(self, bench, someone, page):
        falls = self.falls(bench, someone, page[0].row)
        best = max(falls, key=falls.__getitem__)
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.LIKED, "the best", best),))])
        assert verdict.score_falls
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
        assert not verdict.score_falls

    def test_the_larger_weight_of_the_prior_with_one_like_less_does_not_count(self, bench):
        catalogue = bench.bundle.catalogue
        for case in cut(bench.people, range(8), 3, seed=1):
            request = Request(user_id=case.profile.user_id, k=10, diversity=0.0)
            page = bench.pipeline.rank(request, case.profile, patient()).items
            history_ids = [catalogue.item_ids[row] for row in fold_in(catalogue, case.profile.history).rows.tolist()]
            every = tuple(cite(ReasonKind.LIKED, "?", item_id) for item_id in history_ids)
            verdicts = examine(bench, case.profile, [replace(item, reasons=every) for item in page])
            whole = personal(bench, case.profile, case.profile, page)
            for at, item_id in enumerate(history_ids):
                gone = catalogue.film_hashes()[catalogue.rows_of([item_id])]
                rest = replace(case.profile, history=case.profile.history.without(gone))
                falls = whole - personal(bench, case.profile, rest, page)
                clear = np.abs(falls) > 1e-5
                verdict_falls = np.array([of_pick[at].score_falls for of_pick in verdicts])
                assert (verdict_falls == (falls > 0))[clear].all()


class TestTraits:
    def test_a_trait_that_the_taste_shares_is_a_true_reason(self, bench, someone, page):
        genre = kit.SCHOOLS[kit.school_of(bench, page[0].row)][0]
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.GENRE, genre),))])
        assert verdict.score_falls

    def test_a_trait_that_the_film_lacks_is_not(self, bench, someone, page):
        [[verdict]] = examine(bench, someone, [replace(page[0], reasons=(cite(ReasonKind.DIRECTOR, "Nobody"),))])
        assert not verdict.score_falls

    def test_without_a_trait_the_pipeline_itself_stays_as_it_was(self, bench, page):
        before = bench.pipeline.trait_rows.values.copy()
        genre = kit.SCHOOLS[kit.school_of(bench, page[0].row)][0]
        less = without_trait(bench.pipeline, page[0].row, cite(ReasonKind.GENRE, genre))
        assert np.array_equal(bench.pipeline.trait_rows.values, before)
        assert (less.trait_rows.values == 0).sum() > (before == 0).sum()


def test_a_popular_film_cites_nothing(bench, someone):
    popular = RankedItem(0, 0.5, (cite(ReasonKind.POPULAR, "Western"),))
    assert examine(bench, someone, [popular]) == [[]]
