"""Are the reasons true? Take what is cited out of the taste, rank again, and see whether the film's score falls.

500 answers: five films each of the first pages of 100 people, as they are served. For every person *every* film of
the taste is left out once, as if it had never been touched, and the whole pipeline runs again. A cited film must
make the score fall, and be among the two films that do so most. A cited trait is taken out of the taste's traits.
Scores are compared before the logistic, and asked for the films of the answer alone, which changes none of them.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.workbench import Workbench, patient
from data_jobs.report import Progress
from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Pick, Reason, ReasonKind, Request
from services.recommender.pipeline import Pipeline
from services.recommender.stages.taste import fold_in

PEOPLE = 100
FILMS_EACH = 5
LARGEST = 2
_TRAITS = (ReasonKind.DIRECTOR, ReasonKind.KEYWORD, ReasonKind.GENRE, ReasonKind.DECADE, ReasonKind.CAST)
_ROUNDING = 1e-6
"""Float32 scores that differ by less are equal."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reasons(Outcome):
    """Shares over the cited films and traits: ``films_fall``, ``films_largest`` (among the two largest falls),
    ``traits_fall``. ``answers`` looked at; ``uncited``: those that cite neither (popular, fills up). ``wrong``:
    what did not hold, in words.
    """

    answers: int
    uncited: int
    films_fall: Estimate
    films_largest: Estimate
    traits_fall: Estimate
    wrong: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """What did not hold."""
        yield Table.of_failures("Reasons that did not hold", self.wrong)

    def figures(self) -> Iterator[Figure]:
        """The shares."""
        yield "pipeline", "films_fall", self.films_fall
        yield "pipeline", "films_largest", self.films_largest
        yield "pipeline", "traits_fall", self.traits_fall

    def bars(self) -> Iterator[Bar]:
        """One false reason is too many."""
        yield Bar.share("cited film: the score falls without it", self.films_fall.mean, 1.0)
        yield Bar.share("cited film: among the two largest falls", self.films_largest.mean, 1.0)
        yield Bar.share("cited trait: the score falls without it", self.traits_fall.mean, 1.0)


def part(job: Job) -> Reasons:
    """See the module."""
    return reasons(job.bench, job.seed, job.progress)


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: ReasonKind
    falls: bool
    largest: bool
    words: str


def reasons(bench: Workbench, seed: int, progress: Progress) -> Reasons:
    """The counterfactual test on people of the training part, drawn by a seed."""
    rng = np.random.default_rng(seed)
    present = np.unique(bench.dataset.events.user)
    chosen = rng.choice(present, min(PEOPLE, len(present)), replace=False)
    verdicts: list[_Verdict] = []
    answers = uncited = 0
    for done, code in enumerate(chosen.tolist(), 1):
        profile = bench.people.profile(bench.dataset.events.user_ids[code])
        picks = _some(bench.pipeline, profile, rng)
        found = examine(bench, profile, picks)
        verdicts += [verdict for of_pick in found for verdict in of_pick]
        answers += len(picks)
        uncited += sum(not of_pick for of_pick in found)
        progress.advance("reasons, people", done, len(chosen))
    films = [verdict for verdict in verdicts if verdict.kind is ReasonKind.LIKED]
    traits = [verdict for verdict in verdicts if verdict.kind is not ReasonKind.LIKED]
    return Reasons(
        answers,
        uncited,
        _share([verdict.falls for verdict in films]),
        _share([verdict.largest for verdict in films]),
        _share([verdict.falls for verdict in traits]),
        tuple(verdict.words for verdict in verdicts if not (verdict.falls and verdict.largest)),
    )


def _some(pipeline: Pipeline, profile: Profile, rng: np.random.Generator) -> list[Pick]:
    """Films of a first page with their reasons."""
    page = pipeline.rank(Request(user_id=profile.user_id, k=TOP), profile, patient()).picks
    return [page[int(at)] for at in rng.choice(len(page), min(FILMS_EACH, len(page)), replace=False)]


def examine(bench: Workbench, profile: Profile, picks: Sequence[Pick]) -> list[list[_Verdict]]:
    """A verdict for every film and trait that a pick cites, a list a pick."""
    rows = np.array([pick.row for pick in picks], np.int32)
    whole = raw_scores(bench, bench.pipeline, profile, rows)
    falls = _falls(bench, profile, rows, whole)
    return [
        [
            _judged(bench, profile, pick, reason, {film: fall[at] for film, fall in falls.items()}, float(whole[at]))
            for reason in pick.reasons
            if reason.kind is ReasonKind.LIKED or reason.kind in _TRAITS
        ]
        for at, pick in enumerate(picks)
    ]


def _falls(bench: Workbench, profile: Profile, rows: NDArray[np.int32], whole: Scores) -> dict[str, Scores]:
    """Item id of each film of the taste -> by how much each score falls without it."""
    catalogue = bench.bundle.catalogue
    taste = fold_in(catalogue, profile.history)
    falls = {}
    for row in taste.rows.tolist():
        rest = replace(profile, history=profile.history.without(bench.hashes[[row]]))
        falls[catalogue.item_ids[row]] = whole - raw_scores(bench, bench.pipeline, rest, rows)
    return falls


def _judged(
    bench: Workbench, profile: Profile, pick: Pick, reason: Reason, falls: dict[str, float], whole: float
) -> _Verdict:
    title = bench.bundle.catalogue.titles[pick.row]
    if reason.kind is ReasonKind.LIKED:
        fall = falls.get(reason.item_id or "", 0.0)
        place = 1 + sum(other > fall + _ROUNDING for other in falls.values())
        words = f"{profile.user_id}, {title}: {reason.text}: falls by {fall:.5f}, place {place}"
        return _Verdict(reason.kind, fall > 0, place <= LARGEST, words)
    less = without_trait(bench.pipeline, pick.row, reason)
    fall = whole - float(raw_scores(bench, less, profile, np.array([pick.row], np.int32))[0])
    return _Verdict(reason.kind, fall > 0, True, f"{profile.user_id}, {title}: {reason.text}: falls by {fall:.5f}")


def raw_scores(bench: Workbench, pipeline: Pipeline, profile: Profile, rows: NDArray[np.int32]) -> Scores:
    """The scores of some unseen films before the logistic (in units of its scale), float64[rows]."""
    request = Request(user_id=profile.user_id, k=len(rows), diversity=0.0)
    others = np.delete(bench.hashes, rows)
    picks = pipeline.rank(request, profile, patient(), others, with_reasons=False).picks
    score_of = {pick.row: pick.score for pick in picks}
    shown = np.array([score_of[row] for row in rows.tolist()])
    return np.asarray(np.log(shown) - np.log1p(-shown))


def without_trait(pipeline: Pipeline, row: int, reason: Reason) -> Pipeline:
    """The same pipeline for a taste that does not know the trait which a reason cites of the film ``row``."""
    trait_rows = pipeline.trait_rows
    traits, kind = trait_rows.traits, TraitKind[reason.kind.name]
    mine = [each for each in traits.of(row).tolist() if traits.kinds[each] == kind]
    cited = [each for each in mine if traits.names[each] == reason.subject]
    less = copy.copy(pipeline)
    values = np.where(np.isin(traits.ids, cited), np.float32(0), trait_rows.values)
    less.facts = replace(less.facts, trait_rows=replace(trait_rows, values=values))
    return less


def _share(held: Sequence[bool]) -> Estimate:
    return Estimate.of(np.array(held, np.float64))
