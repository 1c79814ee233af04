"""The trial of self-attention as a term of the whole pipeline's score."""

from types import SimpleNamespace

import numpy as np
import pytest

from data_jobs.evaluate import split
from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.protocol import measure
from data_jobs.evaluate.ranking_models import PipelineModel
from data_jobs.evaluate.split import SplitKind
from data_jobs.evaluate.trials.attention import term
from data_jobs.evaluate.trials.attention.forward import AttentionPass
from data_jobs.evaluate.trials.attention.outcome import Pair, TermGain
from data_jobs.evaluate.trials.attention.term import ReleaseCandidates, TermVariant
from data_jobs.report import Silent
from tests.data_jobs.evaluate import kit
from tests.data_jobs.evaluate.trials.attention.kit import made_pass
from tests.data_jobs.two_tower.kit import needs_torch


@pytest.fixture(scope="module")
def people(bench, holdout):
    return bench.people.cases(holdout.relevant)


@pytest.fixture(scope="module")
def cases(bench, people):
    return ReleaseCandidates.of(bench, people, "test", Silent())


def test_the_term_is_in_units_of_its_best_fifty():
    logits = np.random.default_rng(2).normal(0, 2, 300).astype(np.float32)
    result = TermVariant(1, 3.0, 0.0, 0.2).term(logits, np.zeros(300, np.int64))
    assert np.sort(result)[-50:].mean() == pytest.approx(0.2)
    assert (np.argsort(result) == np.argsort(logits)).all()


def test_a_higher_temperature_levels_the_term_and_damping_lowers_well_known_films():
    logits, likes = np.array([0.0, 2.0], np.float32), np.array([0, 180])
    sharp, level = (TermVariant(1, temperature, 0.0, 1.0).term(logits, likes) for temperature in (1.0, 10.0))
    assert sharp[1] / sharp[0] == pytest.approx(np.exp(2))
    assert level[1] / level[0] == pytest.approx(np.exp(0.2))
    damped = TermVariant(1, 1.0, 0.5, 1.0).term(logits, likes)
    assert damped[1] / damped[0] == pytest.approx(np.exp(2) / np.sqrt(10))


def test_the_term_is_0_outside_the_model_and_for_people_without_likes():
    logits = np.array([1.0, -np.inf], np.float32)
    variant = TermVariant(1, 1.0, 0.2, 0.1)
    assert variant.term(logits, np.zeros(2, np.int64))[1] == 0
    assert not variant.term(np.full(2, -np.inf, np.float32), np.zeros(2, np.int64)).any()


def test_without_the_term_the_lists_are_those_of_the_pipeline(bench, people, cases):
    expected = measure(PipelineModel(bench, 0.0), people, bench, Silent())
    assert [best.tolist() for best in cases.without.lists] == [best.tolist() for best in expected.lists]


def test_every_candidate_of_the_pipeline_is_measured_and_the_newest_likes_come_last(bench, people, cases):
    case, events = cases.cases[0], bench.dataset.events
    code = events.user_ids.index(people[0].profile.user_id)
    rated = len(bench.people.profile_of(people[0].profile.user_id, np.flatnonzero(events.user == code)).seen)
    assert len(case.rows) == kit.FILMS - rated
    likes = bench.people.likes_of(code)
    moments = dict(zip(events.film[likes].tolist(), events.ts_ms[likes].tolist(), strict=True))
    in_order = [moments[film] for film in cases.films[case.liked].tolist()]
    assert len(in_order) == len(likes)
    assert in_order == sorted(in_order)


def test_a_person_without_likes_has_no_term(bench, people, cases):
    class Refusing(AttentionPass):
        def logits(self, liked, films):
            raise AssertionError("no likes to read")

    stranger = ReleaseCandidates.of(
        bench, [people[0].__class__(bench.people.profile("nobody"), people[0].relevant)], "", Silent()
    )
    [logits] = stranger.logits(Refusing({}, 0))
    assert (logits == -np.inf).all()


def test_a_large_term_decides_the_order(cases):
    model = made_pass(len(cases.films))
    logits = cases.logits(model)
    pair = cases.pair(TermVariant(1, 10.0, 0.0, 10_000.0), logits)
    for case, each, best in zip(cases.cases, logits, pair.term.lists, strict=True):
        chosen = each[np.searchsorted(case.rows, best)]
        assert chosen == pytest.approx(np.sort(each)[::-1][:10], abs=0.02)
    assert pair.without is cases.without


def test_a_person_counts_once(cases):
    variant, logits = TermVariant(1, 3.0, 0.0, 0.5), cases.logits(made_pass(len(cases.films)))
    pair = cases.pair(variant, logits)
    once, twice = TermGain.of("once", [pair]), TermGain.of("twice", [pair, pair])
    assert once.people == twice.people == len(cases.cases)
    assert once.ndcg_gain == twice.ndcg_gain == Estimate.of(pair.term.ndcg - pair.without.ndcg)
    assert twice.shown == (pair.shown, pair.shown)
    other = Pair([f"{user} again" for user in pair.user_ids], pair.without, pair.without)
    assert TermGain.of("both", [pair, other]).recall_gain.mean == pytest.approx(once.recall_gain.mean / 2)


def test_hidden_likes_are_grouped_by_the_time_since_the_newest_known_like(cases, holdout):
    pair, data = cases.without, kit.dataset()
    pair = Pair([case.person.profile.user_id for case in cases.cases], pair, pair)
    everything = cases.within(pair, data, -np.inf, np.inf)
    assert everything.user_ids == pair.user_ids
    assert everything.term.ndcg.tolist() == pair.term.ndcg.tolist()
    earlier, later = cases.within(pair, data, -np.inf, 0), cases.within(pair, data, 0, np.inf)
    assert set(earlier.user_ids) | set(later.user_ids) == set(pair.user_ids)
    ts_of = {
        (data.events.user_ids[user], data.films[film].item_id): ts_ms
        for user, film, ts_ms in zip(*(each.tolist() for each in (data.events.user, data.events.film,
                                                                  data.events.ts_ms)), strict=True)
    }  # fmt: skip
    newest = {
        case.person.profile.user_id: max(
            ts_of[case.person.profile.user_id, cases.bench.bundle.catalogue.item_ids[row]]
            for row in cases.films[case.liked].tolist()
        )
        for case in cases.cases
    }
    assert later.user_ids == [
        user for user in pair.user_ids if any(ts_of[user, item] > newest[user] for item in holdout.relevant[user])
    ]


def test_at_least_twenty_variants_are_tried():
    counts = map(len, (term.EPOCHS, term.TEMPERATURES, term.DAMPING, term.WEIGHTS))
    assert np.prod(list(counts)) >= 20


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setattr(term, "FILMS", 80)
    monkeypatch.setattr(term, "PASSES", 3)
    monkeypatch.setattr(term, "WEIGHTS", (0.0, 0.2))
    monkeypatch.setattr(term, "TEMPERATURES", (3.0,))
    monkeypatch.setattr(term, "EPOCHS", (1, 2))
    workshop = kit.workshop(tmp_path, vectors=False)
    return SimpleNamespace(dataset=kit.dataset(), workshop=workshop, ridge=20.0, seed=0, progress=Silent())


@needs_torch
def test_the_best_variant_is_measured_on_other_splits_and_on_newcomers(job, monkeypatch):
    drawn, measured, of = [], {}, TermGain.of
    monkeypatch.setattr(term.TermGain, "of", lambda name, pairs: measured.update({name: pairs[0]}) or of(name, pairs))
    draw = split.draw
    monkeypatch.setattr(split, "draw", lambda data, kind, seed: drawn.append((kind, seed)) or draw(data, kind, seed))
    result = term.part(job)
    random, time = SplitKind.RANDOM, SplitKind.TIME
    assert drawn == [(time, 0), (random, 1), (time, 2), (random, 3), (random, 4), (time, 5), (time, 6)]
    assert all(isinstance(kind, SplitKind) for kind, _ in drawn)
    assert len(result.tried) == 8
    gains = [gain.ndcg_gain.mean for gain in result.tried]
    assert gains == sorted(gains, reverse=True)
    assert all(gain.ndcg_gain.mean == gain.ndcg_gain.se == 0 for gain in result.tried if gain.name.endswith("weight 0"))
    names = [entry.name for entry in result.splits]
    assert names[:4] == ["random, seed 3", "random, seed 4", "time, seed 5", "time, seed 6"]
    assert names[-1] == "all"
    assert [entry.name for entry in result.newcomers] == ["1 like", "3 likes", "5 likes", "10 likes"]
    assert result.newcomers[0].people == kit.VIEWERS
    assert result.ms > 0
    # The invented people rate one film each half second.
    assert [entry.name for entry in result.by_gap] == ["within an hour"]
    assert result.by_gap[0].ndcg_gain == of("", [measured["time, seed 5"], measured["time, seed 6"]]).ndcg_gain
    variants, splits, by_gap, newcomers = result.tables()
    assert [len(table.rows) for table in (variants, splits, by_gap, newcomers)] == [8, len(names), 1, 4]
    assert all(len(row) == len(table.headings) for table in result.tables() for row in table.rows)
    assert f"{result.numbers:,} numbers" in splits.notes[0]
    assert len(list(result.figures())) == 2 * (8 + len(names) + 1 + 4) + 1
