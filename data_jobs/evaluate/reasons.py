"""Check that reasons are true: the first reason must be the largest cause, and what is cited must affect the score.

People of the training part with their whole profile, and with 1, 3, 5 and 10 of their likes: 500 results each, five
films from the first page of each of 100 people, as served. *The first reason* is compared with the terms of the score:
"Popular in Western" for a film that the taste moved more is a failure, as is a cited film where popularity was more.
*What is cited* is removed from the taste, and the pipeline ranks again (``causes``): without a cited film the score
must fall, by one of the two largest falls; without a cited trait it must fall.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.causes import CitationCheck, First, examine, first_reason
from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.few_likes import LIKES, cut, likes_in_words
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.workbench import Workbench, patient
from data_jobs.report import Progress
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import RankedItem, ReasonKind, Request

PEOPLE = 100
FILMS_EACH = 5
WHOLE, ALL = "whole profile", "all of them"


@dataclass(frozen=True, slots=True)
class TasteSizeReasons:
    """Shares over the reasons for tastes of one size, means over people. ``popular``: results that name popularity
    first; ``popular_true``: of these, those whose largest term it is; ``personal_true``: of the others, those whose
    largest term it is not; ``first_largest``: results whose first reason is of the same kind as the largest term.
    ``films_fall``, ``films_largest``, ``traits_fall``: cited films and traits.
    """

    tastes: str
    answers: int
    popular: Estimate
    popular_true: Estimate
    personal_true: Estimate
    first_largest: Estimate
    films_fall: Estimate
    films_largest: Estimate
    traits_fall: Estimate

    @property
    def shares(self) -> tuple[tuple[str, Estimate], ...]:
        """Return the shares with their names."""
        return (
            ("popular first", self.popular),
            ("and it is the largest term", self.popular_true),
            ("the taste first, and it is", self.personal_true),
            ("first reason = largest term", self.first_largest),
            ("cited film: falls", self.films_fall),
            ("of the two largest", self.films_largest),
            ("cited trait: falls", self.traits_fall),
        )


@dataclass(frozen=True, slots=True)
class Reasons(Outcome):
    """``sizes``: by number of likes, the whole profiles, then all together. ``misnamed``: first reasons that name the
    lesser cause, ``wrong``: citations that do not hold, both in words.
    """

    sizes: tuple[TasteSizeReasons, ...]
    misnamed: tuple[str, ...]
    wrong: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per size of taste, then what does not hold."""
        headings = ("tastes", "answers", *(name for name, _ in self.sizes[0].shares))
        rows = [(each.tastes, str(each.answers), *(_percent(share) for _, share in each.shares)) for each in self.sizes]
        yield Table("Reasons", headings, rows)
        yield Table.of_failures("First reasons that name the lesser cause", self.misnamed)
        yield Table.of_failures("Citations that did not hold", self.wrong)

    def figures(self) -> Iterator[Figure]:
        """Yield every share."""
        for each in self.sizes:
            for name, share in each.shares:
                yield "pipeline", f"{name}, {each.tastes}", share

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: no false reason is acceptable."""
        whole = self.sizes[-1]
        yield _all("“popular” said first: popularity is the largest term", whole.popular_true)
        yield _all("a film or trait said first: popularity is not the largest term", whole.personal_true)
        yield _all("cited film: the score falls without it", whole.films_fall)
        yield _all("cited film: among the two largest falls", whole.films_largest)
        yield _all("cited trait: the score falls without it", whole.traits_fall)

    def panels(self) -> Iterator[Panel]:
        """Yield how often the first reason is true."""
        yield Panel("First reason = largest term", [(each.tastes, each.first_largest, True) for each in self.sizes])


def part(job: Job) -> Reasons:
    """Run this part of an evaluation; see the module."""
    return reasons(job.bench, job.seed, job.progress)


@dataclass(frozen=True, slots=True)
class _ExplainedList:
    person: int
    first: First
    cited: tuple[CitationCheck, ...]


def reasons(bench: Workbench, seed: int, progress: Progress) -> Reasons:
    """Run both tests on people of the training part, drawn by a seed."""
    rng = np.random.default_rng(seed)
    present = np.unique(bench.dataset.events.user)
    chosen = rng.choice(present, min(PEOPLE, len(present)), replace=False).tolist()
    answers: dict[str, list[_ExplainedList]] = {size: [] for size in (*map(likes_in_words, LIKES), WHOLE)}
    for done, code in enumerate(chosen, 1):
        for size, profile in _profiles(bench, code, seed).items():
            answers[size] += _answers(bench, code, profile, rng)
        progress.advance("reasons, people", done, len(chosen))
    answers[ALL] = [answer for of_size in answers.values() for answer in of_size]
    return Reasons(
        tuple(_of_tastes(size, explained) for size, explained in answers.items()),
        tuple(answer.first.words for answer in answers[ALL] if not answer.first.true),
        tuple(
            verdict.words
            for answer in answers[ALL]
            for verdict in answer.cited
            if not (verdict.falls and verdict.largest)
        ),
    )


def _profiles(bench: Workbench, code: int, seed: int) -> dict[str, Profile]:
    """Return a person as a newcomer with some of their likes, as far as they have them, and whole."""
    profiles = {}
    for likes in LIKES:
        for case in cut(bench.people, [code], likes, seed):
            profiles[likes_in_words(likes)] = case.profile
    return profiles | {WHOLE: bench.people.profile(bench.dataset.events.user_ids[code])}


def _answers(bench: Workbench, code: int, profile: Profile, rng: np.random.Generator) -> list[_ExplainedList]:
    """Return films of a first page with the verdicts on their reasons."""
    request = Request(user_id=profile.user_id, k=TOP, explain=True)
    page = bench.pipeline.rank(request, profile, patient()).items
    items: list[RankedItem] = [page[int(at)] for at in rng.choice(len(page), min(FILMS_EACH, len(page)), replace=False)]
    cited = examine(bench, profile, items)
    return [
        _ExplainedList(code, first_reason(bench, profile, item), tuple(verdicts))
        for item, verdicts in zip(items, cited, strict=True)
    ]


def _of_tastes(size: str, answers: Sequence[_ExplainedList]) -> TasteSizeReasons:
    first = [(answer.person, answer.first) for answer in answers]
    cited = [(answer.person, verdict) for answer in answers for verdict in answer.cited]
    films = [(person, verdict) for person, verdict in cited if verdict.kind is ReasonKind.LIKED]
    traits = [(person, verdict) for person, verdict in cited if verdict.kind is not ReasonKind.LIKED]
    return TasteSizeReasons(
        size,
        len(answers),
        _share([(person, said.popular) for person, said in first]),
        _share([(person, said.true) for person, said in first if said.popular]),
        _share([(person, said.true) for person, said in first if not said.popular]),
        _share([(person, said.largest) for person, said in first]),
        _share([(person, verdict.falls) for person, verdict in films]),
        _share([(person, verdict.largest) for person, verdict in films]),
        _share([(person, verdict.falls) for person, verdict in traits]),
    )


def _share(held: Sequence[tuple[int, bool]]) -> Estimate:
    """Return the share that holds, by person."""
    people, values = np.array([person for person, _ in held], np.intp), np.array([held for _, held in held], float)
    return Estimate.by_person(values, people)


def _all(name: str, share: Estimate) -> Bar:
    """Return a bar of 100 %; without any reasons it is met."""
    return Bar.share(name, share.mean if share.n else 1.0, 1.0)


def _percent(share: Estimate) -> str:
    return f"{share.mean:.1%} ± {share.se:.1%}" if share.n else "-"
