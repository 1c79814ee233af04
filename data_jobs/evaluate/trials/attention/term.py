"""A trial of self-attention as one more term of the score, over all candidates of the whole pipeline.

The model (:mod:`data_jobs.evaluate.trials.attention.model`) reads a person's newest likes and says how likely each
candidate is next. The term is weight x likelihood ** (1 / temperature) / (1 + likes of the film / 20) ** damping, in
units of the mean of its best 50, like the tables' scores; 0 for films outside the model and for people without likes.

The variant with the best NDCG@10 on three holdouts inside the training part of a split by time is measured on five
others, and on newcomers as in ``few_likes``. All are drawn from the whole data with the seed and the eight after it;
the holdout of the evaluation is not used. ``diversity`` is 0.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from time import process_time_ns

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate import moments, split
from data_jobs.evaluate.few_likes import LIKES, cut, likes_in_words
from data_jobs.evaluate.folds import folds
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.progress import tracked
from data_jobs.evaluate.protocol import TOP, Result, result_of
from data_jobs.evaluate.split import Holdout, SplitKind
from data_jobs.evaluate.trials.attention.forward import LENGTH, AttentionPass
from data_jobs.evaluate.trials.attention.outcome import AttentionOutcome, Pair, TermGain
from data_jobs.evaluate.trials.inner import Dense, in_units_of_best
from data_jobs.evaluate.workbench import Workbench, patient, rows_of
from data_jobs.records import Dataset
from data_jobs.report import DataError, Progress
from data_jobs.train.interactions import interactions_of
from data_jobs.train.material import most_liked
from services.recommender.domain.request import Request
from services.recommender.ranking.ranker import next_part_first, rank
from services.recommender.taste.fold_in import fold_in

FILMS = 2_000
"""Number of most liked films in the model."""
EPOCHS = (20, 30, 50)
TEMPERATURES = (1.0, 3.0, 10.0)
DAMPING = (0.0, 0.5)
DAMPED_FROM = 20.0
WEIGHTS = (0.05, 0.1, 0.2)
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
GAPS = {
    "within an hour": (-np.inf, HOUR_MS),
    "an hour to a day": (HOUR_MS, DAY_MS),
    "more than a day": (DAY_MS, np.inf),
}
"""Times of hidden likes after the newest known one: most people of MovieLens rate in one session, in the order in which
the site shows the films.
"""
PASSES, SCORED = 200, 700
"""Number of forward passes that are timed, and of the films scored in each."""

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TermVariant:
    """One variant of the term; see the module."""

    epochs: int
    temperature: float
    damping: float
    weight: float

    def __str__(self) -> str:
        power = f"temperature {self.temperature:g}, damping {self.damping:g}"
        return f"epochs {self.epochs}, {power}, weight {self.weight:g}"

    def term(self, logits: Dense, likes: NDArray[np.int64]) -> Dense:
        """Return the term of one person's candidates, float32[c], of ``logits`` float32[c], -inf for 0; ``likes``: of
        each film.
        """
        if not np.isfinite(logits).any():
            return np.zeros_like(logits)
        likelihood = np.exp((logits - logits.max()) / np.float32(self.temperature))
        damped = likelihood / (1 + likes / DAMPED_FROM) ** self.damping
        return np.asarray(self.weight * in_units_of_best(damped[None, :])[0], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class PersonCandidates:
    """One person's candidates: ``rows`` int32[c], ascending, with the pipeline's ``terms``, float32[c] each, and their
    ``positions`` in the model, -1 outside it. ``liked``: positions of the likes, oldest first. ``taste`` int32: rows.
    """

    person: HeldOutPerson
    rows: NDArray[np.int32]
    terms: dict[str, Dense]
    positions: Positions
    liked: Positions
    taste: NDArray[np.int32]

    @classmethod
    def of(cls, bench: Workbench, position: Positions, person: HeldOutPerson) -> "PersonCandidates":
        """Rank with the pipeline; ``position`` int64[films]: of each catalogue row."""
        request = Request(user_id=person.profile.user_id, k=len(position), diversity=0.0, explain=True)
        ranking = bench.pipeline.rank(request, person.profile, patient(), with_reasons=False)
        items = sorted(ranking.items, key=lambda item: item.row)
        rows = rows_of(items)
        terms = {name: np.array([item.signals[name] for item in items], np.float32) for name in items[0].signals}
        taste = fold_in(bench.bundle.catalogue, person.profile.history)
        liked = taste.base >= 1
        by_time = position[taste.rows[liked][np.argsort(-taste.ranks[liked], kind="stable")]]
        return cls(person, rows, terms, position[rows], by_time[by_time >= 0], taste.rows)

    def logits(self, model: AttentionPass) -> Dense:
        """Return the candidates' logits, float32[c]; -inf outside the model, and everywhere without likes."""
        logits = np.full(len(self.rows), -np.inf, np.float32)
        inside = self.positions >= 0
        if len(self.liked):
            logits[inside] = model.logits(self.liked, self.positions[inside])
        return logits


@dataclass(frozen=True, eq=False)
class ReleaseCandidates:
    """Everyone ranked with one release. ``films`` int32: catalogue rows of the model's films."""

    bench: Workbench
    films: NDArray[np.int32]
    cases: list[PersonCandidates]

    @classmethod
    def of(
        cls, bench: Workbench, people: Sequence[HeldOutPerson], step: str, progress: Progress
    ) -> "ReleaseCandidates":
        """Rank for everyone."""
        films = most_liked(bench.likes, bench.bundle.catalogue.votes, FILMS)
        position = np.full(len(bench.bundle.catalogue), -1, np.int64)
        position[films] = np.arange(len(films))
        return cls(
            bench, films, [PersonCandidates.of(bench, position, person) for person in tracked(people, step, progress)]
        )

    def models(self, epochs: Sequence[int]) -> Iterator[tuple[int, AttentionPass]]:
        """Yield the model of the release's training part after each of ``epochs``."""
        from data_jobs.evaluate.trials.attention.model import exported, trained

        films = len(self.bench.dataset.films)
        events = interactions_of(self.bench.dataset.events, np.arange(films, dtype=np.int32), films).on(self.films)
        for epoch, model in trained(events.take(events.liked), epochs, np.random.default_rng(0)):
            yield epoch, exported(model)

    def logits(self, model: AttentionPass) -> list[Dense]:
        """Return each case's logits."""
        return [case.logits(model) for case in self.cases]

    def pair(self, variant: TermVariant, logits: Sequence[Dense]) -> Pair:
        """Return the results without and with the term; ``logits``: of each case."""
        likes = [self.bench.likes[case.rows] for case in self.cases]
        terms = [variant.term(*each) for each in zip(logits, likes, strict=True)]
        return Pair([case.person.profile.user_id for case in self.cases], self.without, self._result("with", terms))

    def within(self, pair: Pair, dataset: Dataset, low: float, high: float) -> Pair:
        """Return the results of the same lists for the hidden likes more than ``low`` and at most ``high`` ms later
        than the newest known one. ``dataset``: with the hidden events, its films in any order.
        """
        catalogue, events = self.bench.bundle.catalogue, dataset.events
        rows = catalogue.rows_of(film.item_id for film in dataset.films)[events.film]
        moments = dict(zip(zip(events.user.tolist(), rows.tolist(), strict=True), events.ts_ms.tolist(), strict=True))
        code_of = {user_id: code for code, user_id in enumerate(events.user_ids)}
        whose, people = [], []
        for at, case in enumerate(self.cases):
            code, hidden = code_of[case.person.profile.user_id], case.person.relevant
            newest = self.bench.dataset.events.ts_ms[self.bench.people.likes_of(code)].max(initial=0)
            later = np.array([moments[code, row] for row in hidden.tolist()]) - newest
            if len(inside := hidden[(later > low) & (later <= high)]):
                whose.append(at)
                people.append(replace(case.person, relevant=inside))
        without, term = (
            result_of(result.model, [result.lists[at] for at in whose], people, self.bench)
            for result in (pair.without, pair.term)
        )
        return Pair([pair.user_ids[at] for at in whose], without, term)

    @cached_property
    def without(self) -> Result:
        """Return the results of the pipeline alone."""
        return self._result("without", [np.zeros(len(case.rows), np.float32) for case in self.cases])

    def _result(self, name: str, terms: Sequence[Dense]) -> Result:
        lists = []
        for case, term in zip(self.cases, terms, strict=True):
            ranked = rank(case.rows, case.terms | {"attention": term})
            lists.append(next_part_first(ranked, self.bench.bundle.catalogue, case.taste).rows[:TOP])
        return result_of(name, lists, [case.person for case in self.cases], self.bench)


def part(job: Job) -> AttentionOutcome:
    """Run this part of an evaluation; needs PyTorch. Raises DataError, TrainingError, BundleError."""
    training = split.draw(job.dataset, SplitKind.TIME, job.seed).training
    tried: dict[TermVariant, list[Pair]] = {}
    for name, holdout in _holdouts(training, [(SplitKind.RANDOM, job.seed + 1), (SplitKind.TIME, job.seed + 2)]):
        cases = _cases(job, f"choosing, {name}", holdout)
        for epochs, model in cases.models(EPOCHS):
            logits = cases.logits(model)
            for rest in product(TEMPERATURES, DAMPING, WEIGHTS):
                variant = TermVariant(epochs, *rest)
                tried.setdefault(variant, []).append(cases.pair(variant, logits))
    gains = sorted(
        ((TermGain.of(str(variant), pairs), variant) for variant, pairs in tried.items()),
        key=lambda gain: -gain[0].ndcg_gain.mean,
    )
    chosen = gains[0][1]
    measured: dict[str, Pair] = {}
    by_gap: dict[str, list[Pair]] = {name: [] for name in GAPS}
    kinds = (SplitKind.RANDOM, SplitKind.RANDOM, SplitKind.TIME, SplitKind.TIME)
    for name, holdout in _holdouts(job.dataset, list(zip(kinds, range(job.seed + 3, job.seed + 7), strict=True))):
        cases = _cases(job, name, holdout)
        [(_, model)] = cases.models([chosen.epochs])
        measured[name] = cases.pair(chosen, cases.logits(model))
        if holdout.kind is SplitKind.TIME:
            for gap, bounds in GAPS.items():
                if (pair := cases.within(measured[name], job.dataset, *bounds)).user_ids:
                    by_gap[gap].append(pair)
        ms, numbers = _ms(model), sum(values.size for values in model.weights.values())
    return AttentionOutcome(
        tuple(gain for gain, _ in gains),
        (*(TermGain.of(name, [pair]) for name, pair in measured.items()), TermGain.of("all", list(measured.values()))),
        tuple(TermGain.of(name, pairs) for name, pairs in by_gap.items() if pairs),
        _newcomers(job, chosen),
        ms,
        numbers,
    )


def _holdouts(dataset: Dataset, drawn: Sequence[tuple[SplitKind, int]]) -> Iterator[tuple[str, Holdout]]:
    """Yield names and holdouts: those ``drawn`` by kind and seed, and one at a moment for all if possible."""
    for kind, seed in drawn:
        yield f"{kind}, seed {seed}", split.draw(dataset, kind, seed)
    with suppress(DataError):
        yield "one moment", moments.draw(dataset)


def _cases(job: Job, name: str, holdout: Holdout) -> ReleaseCandidates:
    with job.workshop.temporary() as workshop:
        bench = workshop.make(holdout.training)
        return ReleaseCandidates.of(bench, bench.people.cases(holdout.relevant), f"attention, {name}", job.progress)


def _newcomers(job: Job, variant: TermVariant) -> tuple[TermGain, ...]:
    """Return the gain for people unseen in training, for each number of likes."""
    pairs: dict[int, list[Pair]] = {likes: [] for likes in LIKES}
    for fold in folds(job.dataset, job.workshop, job.ridge, job.seed + 7, job.progress):
        model = None
        for likes in LIKES:
            people = cut(fold.people, fold.codes, likes, job.seed + 8)
            cases = ReleaseCandidates.of(
                fold.bench, people, f"attention, newcomers with {likes_in_words(likes)}", job.progress
            )
            model = model or next(cases.models([variant.epochs]))[1]
            pairs[likes].append(cases.pair(variant, cases.logits(model)))
    return tuple(TermGain.of(likes_in_words(likes), pairs[likes]) for likes in LIKES)


def _ms(model: AttentionPass) -> float:
    """Return the median CPU time of a forward pass for the most likes that are read and ``SCORED`` films, ms."""
    films = np.arange(len(model.weights["item.weight"]) - 1)
    liked, scored = np.resize(films, LENGTH), np.resize(films, SCORED)
    took = []
    for _ in range(PASSES):
        started = process_time_ns()
        model.logits(liked, scored)
        took.append(process_time_ns() - started)
    return float(np.median(took) / 1e6)
