"""Check that reasons are true: the first reason must be the largest cause, and cited films and traits must matter.

People of the training part with their whole profile, and with 1, 3, 5 and 10 of their likes: 500 results each, five
films from the first page of each of 100 people, as served. *The first reason* is compared with the terms of the score:
"Popular in Western" fails if the taste contributed more, and so does a cited film if popularity contributed more.
*A cited film or trait* is removed from the taste, and the pipeline ranks again (``causes``): without a cited film the
score must fall, and the fall must be among the two largest; without a cited trait it must fall.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.few_likes import LIKES, WHOLE_PROFILE, cut, likes_in_words
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.parts.causes import CitationCheck, FirstReasonCheck, examine, first_reason
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.workbench import Workbench, patient
from data_jobs.report import Progress
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import RankedItem, ReasonKind, Request

PEOPLE = 100
FILMS_EACH = 5
ALL = "all of them"


@dataclass(frozen=True, slots=True)
class TasteSizeReasons:
    """Shares for tastes of one size, means over people. ``answers``: number of films checked. ``popular``: films whose
    first reason is popularity; ``popular_true``: of these, those whose largest term is popularity; ``personal_true``:
    of the others, those whose largest term is not. ``first_largest``: films whose first reason is of the same kind as
    the largest term. ``films_fall``, ``films_largest``: cited films without which the score falls, and whose fall is
    among the two largest; ``traits_fall``: cited traits without which it falls.
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
    """``sizes``: by number of likes, then whole profiles, then all together. ``misnamed``: first reasons that do not
    name the larger cause; ``wrong``: citations that do not hold; both as text.
    """

    sizes: tuple[TasteSizeReasons, ...]
    misnamed: tuple[str, ...]
    wrong: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per size of taste, then the failures."""
        headings = ("tastes", "answers", *(name for name, _ in self.sizes[0].shares))
        rows = [(each.tastes, str(each.answers), *(_percent(share) for _, share in each.shares)) for each in self.sizes]
        yield Table("Reasons", headings, rows)
        yield Table.of_failures("First reasons that name the lesser cause", self.misnamed)
        yield Table.of_failures("Citations that did not hold", self.wrong)

    def figures(self) -> Iterator[Figure]:
        """Yield every share."""
        for size in self.sizes:
            for name, share in size.shares:
                yield PIPELINE, f"{name}, {size.tastes}", share

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: no false reason is acceptable."""
        whole = self.sizes[-1]
        yield _all("“popular” said first: popularity is the largest term", whole.popular_true)
        yield _all("a film or trait said first: popularity is not the largest term", whole.personal_true)
        yield _all("cited film: the score falls without it", whole.films_fall)
        yield _all("cited film: among the two largest falls", whole.films_largest)
        yield _all("cited trait: the score falls without it", whole.traits_fall)

    def panels(self) -> Iterator[Panel]:
        """Yield the share of first reasons that are the largest cause."""
        yield Panel("First reason = largest term", [(each.tastes, each.first_largest, True) for each in self.sizes])


def part(job: Job) -> Reasons:
    """Run this part of an evaluation; see the module."""
    return reasons(job.bench, job.seed, job.progress)


@dataclass(frozen=True, slots=True)
class _CheckedItem:
    person: int
    first: FirstReasonCheck
    cited: tuple[CitationCheck, ...]


def reasons(bench: Workbench, seed: int, progress: Progress) -> Reasons:
    """Check the reasons of people of the training part, drawn by a seed."""
    rng = np.random.default_rng(seed)
    present = np.unique(bench.dataset.events.user)
    chosen = rng.choice(present, min(PEOPLE, len(present)), replace=False).tolist()
    answers: dict[str, list[_CheckedItem]] = {size: [] for size in (*map(likes_in_words, LIKES), WHOLE_PROFILE)}
    for done, code in enumerate(chosen, 1):
        for size, profile in _profiles(bench, code, seed).items():
            answers[size] += _checked_items(bench, code, profile, rng)
        progress.advance("reasons, people", done, len(chosen))
    answers[ALL] = [item for of_size in answers.values() for item in of_size]
    return Reasons(
        tuple(_tastes_reasons(size, of_size) for size, of_size in answers.items()),
        tuple(item.first.words for item in answers[ALL] if not item.first.true),
        tuple(
            check.words for item in answers[ALL] for check in item.cited if not (check.score_falls and check.largest)
        ),
    )


def _profiles(bench: Workbench, code: int, seed: int) -> dict[str, Profile]:
    """Return a person's profile cut to each number of likes, if they have enough, and whole."""
    profiles = {}
    for likes in LIKES:
        for case in cut(bench.people, [code], likes, seed):
            profiles[likes_in_words(likes)] = case.profile
    return profiles | {WHOLE_PROFILE: bench.people.profile(bench.dataset.events.user_ids[code])}


def _checked_items(bench: Workbench, code: int, profile: Profile, rng: np.random.Generator) -> list[_CheckedItem]:
    """Return films of a first page with the checks of their reasons."""
    request = Request(user_id=profile.user_id, k=TOP, explain=True)
    page = bench.pipeline.rank(request, profile, patient()).items
    items: list[RankedItem] = [page[int(at)] for at in rng.choice(len(page), min(FILMS_EACH, len(page)), replace=False)]
    cited = examine(bench, profile, items)
    return [
        _CheckedItem(code, first_reason(bench, profile, item), tuple(checks))
        for item, checks in zip(items, cited, strict=True)
    ]


def _tastes_reasons(size: str, answers: Sequence[_CheckedItem]) -> TasteSizeReasons:
    first = [(item.person, item.first) for item in answers]
    cited = [(item.person, check) for item in answers for check in item.cited]
    films = [(person, check) for person, check in cited if check.kind is ReasonKind.LIKED]
    traits = [(person, check) for person, check in cited if check.kind is not ReasonKind.LIKED]
    return TasteSizeReasons(
        size,
        len(answers),
        _share([(person, reason.popular) for person, reason in first]),
        _share([(person, reason.true) for person, reason in first if reason.popular]),
        _share([(person, reason.true) for person, reason in first if not reason.popular]),
        _share([(person, reason.largest) for person, reason in first]),
        _share([(person, check.score_falls) for person, check in films]),
        _share([(person, check.largest) for person, check in films]),
        _share([(person, check.score_falls) for person, check in traits]),
    )


def _share(outcomes: Sequence[tuple[int, bool]]) -> Estimate:
    """Return the share of outcomes (person, whether it holds) that hold, by person."""
    people = np.array([person for person, _ in outcomes], np.intp)
    return Estimate.by_person(np.array([holds for _, holds in outcomes], float), people)


def _all(name: str, share: Estimate) -> Bar:
    """Return a bar of 100 %, which is met if there are no reasons."""
    return Bar.share(name, share.mean if share.n else 1.0, 1.0)


def _percent(share: Estimate) -> str:
    return share.percent if share.n else "-"
