"""Decide whether a response is what a film lover expects."""

from dataclasses import dataclass

from data_jobs.evaluate.panel.asking import TopTen
from data_jobs.evaluate.panel.cases import Case
from services.recommender.domain.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one entry. ``expected``: "3 of 7" for each expectation; ``satisfying``: how many films of the
    catalogue satisfy it. ``never``: number of forbidden films among the ten. ``popular``: the most liked films would
    have passed. ``films``: the ten, "+" wanted, "!" forbidden, "-" neither.
    """

    part: str
    name: str
    kind: str
    decade: str
    language: str
    audience: str
    kept_apart: bool
    fresh: bool
    passed: bool
    expected: tuple[str, ...]
    satisfying: tuple[int, ...]
    never: int
    popular: bool
    famous: int
    films: tuple[str, ...]

    def __str__(self) -> str:
        counts = [*self.expected, *([f"{self.never} that must not be there"] if self.never else [])]
        return f"{self.part}, {self.name}: {', '.join(counts) or 'films are said to match'}"


def passes(case: Case, answer: TopTen) -> bool:
    """Return whether every expectation is met and no forbidden film is shown."""
    if case.entry.nothing:
        return not answer.matched
    met = all(each.hits(answer.rows) >= each.want.least for each in case.wanted)
    return met and not case.never[answer.rows].any()


def verdict(catalogue: Catalogue, case: Case, answer: TopTen, popular: TopTen, famous: int) -> Verdict:
    """Return the verdict on a response; ``famous``: how many of its films are among the best known."""
    entry = case.entry
    return Verdict(
        part=entry.part,
        name=entry.name,
        kind=entry.kind,
        decade=entry.decade,
        language=entry.language,
        audience=entry.audience,
        kept_apart=entry.kept_apart,
        fresh=entry.fresh,
        passed=passes(case, answer),
        expected=tuple(f"{each.hits(answer.rows)} of {each.want.least}" for each in case.wanted),
        satisfying=tuple(each.films for each in case.wanted),
        never=0 if entry.nothing else int(case.never[answer.rows].sum()),
        popular=passes(case, popular),
        famous=famous,
        films=tuple(_marked(catalogue, case, row) for row in answer.rows.tolist()),
    )


def _marked(catalogue: Catalogue, case: Case, row: int) -> str:
    mark = "+" if any(each.mask[row] for each in case.wanted) else "-"
    return f"{'!' if case.never[row] else mark} {catalogue.titles[row]} ({catalogue.years[row]})"
