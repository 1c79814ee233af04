"""Decide whether the first ten films of an entry meet its expectations."""

from dataclasses import dataclass

from data_jobs.evaluate.panel.cases import Case
from data_jobs.evaluate.panel.top_ten import TopTen
from services.recommender.domain.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one entry. ``expected``: "3 of 7" for each expectation; ``satisfying``: number of films of the
    catalogue that satisfy it. ``never``: number of forbidden films among the ten. ``popular``: popularity passes.
    ``famous``: number of the 20 best known films among the ten. ``films``: the ten, "+" expected, "!" forbidden, "-"
    neither.
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
        counts = [*self.expected, *([f"{self.never} forbidden"] if self.never else [])]
        return f"{self.part}, {self.name}: {', '.join(counts) or 'films match, though none should'}"


def passes(case: Case, shown: TopTen) -> bool:
    """Return whether every expectation is met and no forbidden film is shown."""
    if case.entry.nothing:
        return not shown.matched
    met = all(each.hits(shown.rows) >= each.want.least for each in case.expectations)
    return met and not case.never[shown.rows].any()


def verdict(catalogue: Catalogue, case: Case, shown: TopTen, popular: TopTen, famous: int) -> Verdict:
    """Return the verdict on the films ``shown`` for an entry; ``popular``: those of popularity."""
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
        passed=passes(case, shown),
        expected=tuple(f"{each.hits(shown.rows)} of {each.want.least}" for each in case.expectations),
        satisfying=tuple(each.films for each in case.expectations),
        never=0 if entry.nothing else int(case.never[shown.rows].sum()),
        popular=passes(case, popular),
        famous=famous,
        films=tuple(_marked(catalogue, case, row) for row in shown.rows.tolist()),
    )


def _marked(catalogue: Catalogue, case: Case, row: int) -> str:
    mark = "+" if any(each.mask[row] for each in case.expectations) else "-"
    return f"{'!' if case.never[row] else mark} {catalogue.titles[row]} ({catalogue.years[row]})"
