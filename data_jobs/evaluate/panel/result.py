"""The panel's result: the share of entries that pass, overall and by kind, decade, language and audience."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.panel.cases import Skipped
from data_jobs.evaluate.panel.entries import PanelPart
from data_jobs.evaluate.panel.verdict import Verdict
from data_jobs.evaluate.protocol import TOP

LEAST_OF = {PanelPart.TASTES: 0.92, PanelPart.QUERIES: 0.85, PanelPart.SIMILAR: 0.90}
MOST_POPULAR = 0.20
"""Maximum share of the panel that popularity may pass."""
MOST_FAMOUS = 0.20
"""Maximum share of the ten from the 20 best known films, for three likes with something in common."""
LISTED = 40
_COHERENT = frozenset({"director", "genre", "country", "language", "decade", "series", "studio", "star"})


@dataclass(frozen=True, slots=True)
class PassRate:
    """The share of a group's entries that pass, with the pipeline and with popularity."""

    group: str
    pipeline: Estimate
    popularity: Estimate


@dataclass(frozen=True, slots=True)
class PanelResult(Outcome):
    """``rates`` by group, "all" first. ``never``: number of forbidden films shown. ``famous``: share of the ten from
    the 20 best known films, for tastes of three likes with something in common. ``skipped``: entries that do not apply
    to this catalogue, with the reason.
    """

    rates: tuple[PassRate, ...]
    never: int
    famous: Estimate
    verdicts: tuple[Verdict, ...]
    skipped: tuple[str, ...]

    @classmethod
    def of(
        cls, verdicts: Sequence[Verdict], skipped: Sequence[Skipped], three_alike: Iterable[Verdict]
    ) -> "PanelResult":
        """Return all figures from the verdicts; ``three_alike``: those for ``famous``."""
        return cls(
            tuple(_rates(verdicts)),
            sum(each.never for each in verdicts),
            Estimate.of(np.array([each.famous / TOP for each in three_alike])),
            tuple(verdicts),
            tuple(f"{each.entry.part}, {each.entry.name}: {each.why}" for each in skipped),
        )

    def rate(self, group: str) -> PassRate | None:
        """Return the rate of a group; None if no entry of it applies."""
        return next((each for each in self.rates if each.group == group), None)

    def tables(self) -> Iterator[Table]:
        """Yield the rates, failures, and skipped entries."""
        rows = [
            (each.group, str(each.pipeline.n), f"{each.pipeline}", f"{each.popularity.mean:.2f}") for each in self.rates
        ]
        title = f"Panel: {len(self.verdicts)} entries, {len(self.skipped)} that do not apply to this catalogue"
        note = (
            f"forbidden films shown: {self.never}; share from the 20 best known, for three likes alike: {self.famous}"
        )
        yield Table(title, ("group", "entries", "passed", "popularity"), rows, (note,))
        failed = [each for each in self.verdicts if not each.passed]
        kept_apart = sum(each.kept_apart for each in failed)
        yield Table.of_failures(
            f"Panel entries that failed ({kept_apart} kept apart and not listed)",
            [str(each) for each in failed if not each.kept_apart],
            LISTED,
        )
        yield Table.of_failures("Panel entries that do not apply to this catalogue", self.skipped)

    def figures(self) -> Iterator[Figure]:
        """Yield two figures per group, then forbidden and best known films."""
        for rate in self.rates:
            yield "pipeline", rate.group, rate.pipeline
            yield "popularity", rate.group, rate.popularity
        yield "pipeline", "never", float(self.never)
        yield "pipeline", "famous", self.famous

    def bars(self) -> Iterator[Bar]:
        """Yield one bar per part, then those of forbidden films, best known films, and the fairness of the panel."""
        for part, least in LEAST_OF.items():
            if (rate := self.rate(part)) is not None:
                yield Bar.share(f"panel: {part}", rate.pipeline.mean, least)
        yield Bar("panel: films that must never be there", "0", str(self.never), self.never == 0)
        if self.famous.n:
            name = "panel: from the 20 best known, at three likes alike"
            yield Bar(name, f"<= {MOST_FAMOUS:.0%}", f"{self.famous.mean:.1%}", self.famous.mean <= MOST_FAMOUS)
        if (whole := self.rate("all")) is not None:
            share = whole.popularity.mean
            yield Bar("panel: passed by popularity", f"<= {MOST_POPULAR:.0%}", f"{share:.1%}", share <= MOST_POPULAR)


def is_coherent(kind: str) -> bool:
    """Return whether tastes of this kind have something in common."""
    return kind in _COHERENT


def _rates(verdicts: Sequence[Verdict]) -> Iterator[PassRate]:
    """Yield all entries, then by part, by part and use, by part and kind, by decade, by language and by audience."""
    yield from _grouped(verdicts, lambda _: "all")
    yield from _grouped(verdicts, lambda each: each.part)
    yield from _grouped(verdicts, lambda each: f"{each.part}, {_use(each)}")
    yield from _grouped(verdicts, lambda each: f"{each.part}, {each.kind}")
    yield from _grouped(verdicts, lambda each: f"decade {each.decade}")
    yield from _grouped(verdicts, lambda each: f"language {each.language}")
    yield from _grouped(verdicts, lambda each: f"audience {each.audience}")


def _use(verdict: Verdict) -> str:
    if verdict.fresh:
        return "fresh"
    return "kept apart" if verdict.kept_apart else "for tuning"


def _grouped(verdicts: Sequence[Verdict], group_of: Callable[[Verdict], str]) -> Iterator[PassRate]:
    members: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        members[group_of(verdict)].append(verdict)
    for group in sorted(members):
        of_group = members[group]
        yield PassRate(
            group,
            Estimate.of(np.array([each.passed for each in of_group], np.float64)),
            Estimate.of(np.array([each.popular for each in of_group], np.float64)),
        )
