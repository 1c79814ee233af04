"""Measure two sides on the same people. Rows are those of side A; rows of side B are translated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.compare.comparison import SHARES, Band, Comparison, Figure, LikesGroup, Moves, Shown
from data_jobs.evaluate.compare.examples import ComparedPeople, example, known_likes, title_of
from data_jobs.evaluate.compare.sides import Side
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.metrics import coverage, tail_recall
from data_jobs.evaluate.parts.popularity_bias import HEAD
from data_jobs.evaluate.protocol import TOP, Result, lists_of, result_of
from data_jobs.evaluate.ranking_models import Mask, PipelineModel, Rows
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import Progress
from services.recommender.domain.profile import Profile

DEPTH = 50
BANDS = (1, 20, 100, 200, 1_000)
"""Popularity ranks at which bands begin; the last band has no end."""
LIKES = ((0, 20, "under 20"), (20, 50, "20 to 49"), (50, 150, "50 to 149"), (150, 2**31, "150 or more"))
MOST_SHOWN, EXAMPLES = 12, 5
QUALITY, FAME = ("better", "worse"), ("less known", "better known")


@dataclass(slots=True, eq=False)
class _Translated:
    """A side's model with its rows translated to another catalogue by ``rows``, int32[films of the side]."""

    name: str
    served: PipelineModel
    rows: Rows

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`data_jobs.evaluate.ranking_models.RankingModel`."""
        return self.rows[self.served.best(profile, k, among)]


@dataclass(frozen=True, eq=False)
class _Lists:
    """One side's first fifty for each person, and the results of the first ten."""

    deep: list[Rows]
    result: Result

    @cached_property
    def top(self) -> list[Rows]:
        return self.result.lists


def compare(a: Side, b: Side, relevant: dict[str, tuple[str, ...]], holdout: str, progress: Progress) -> Comparison:
    """Rank with both sides for everyone with hidden likes, with the API's defaults."""
    ground = a.bench
    cases = ground.people.cases(relevant)
    lists_a, lists_b = (_lists_of(side, ground, cases, progress) for side in (a, b))
    gain = lists_b.result.ndcg - lists_a.result.ndcg
    compared = ComparedPeople(ground, cases, lists_a.deep, lists_b.deep, gain)
    order = np.argsort(gain, kind="stable").tolist()
    risen, fallen = _shown(ground, lists_a.top, lists_b.top)
    films = len(ground.bundle.catalogue)
    return Comparison(
        a=a.name,
        b=b.name,
        kinds=(str(a.kind), str(b.kind)),
        holdout=holdout,
        people=len(cases),
        likes=sum(len(case.relevant) for case in cases),
        films=films,
        figures=tuple(_figures(ground, cases, lists_a, lists_b)),
        coverage=(coverage(lists_a.top, films), coverage(lists_b.top, films)),
        groups=_groups(cases, lists_a.result, lists_b.result),
        moves=_moves(lists_a.deep, lists_b.deep),
        bands=_bands(ground, lists_a.top, lists_b.top),
        risen=risen,
        fallen=fallen,
        gained=int((gain > 0).sum()),
        lost=int((gain < 0).sum()),
        even=int((gain == 0).sum()),
        gains=tuple(gain.tolist()),
        best=tuple(example(compared, at) for at in reversed(order[-EXAMPLES:]) if gain[at] > 0),
        worst=tuple(example(compared, at) for at in order[:EXAMPLES] if gain[at] < 0),
    )


def _lists_of(side: Side, ground: Workbench, cases: Sequence[HeldOutPerson], progress: Progress) -> _Lists:
    rows = ground.bundle.catalogue.rows_of(side.bench.bundle.catalogue.item_ids)
    model = _Translated(side.name, PipelineModel(side.bench, preset=side.preset), rows)
    deep = lists_of(model, cases, progress, DEPTH)
    return _Lists(deep, result_of(side.name, [each[:TOP] for each in deep], cases, ground))


def _figures(ground: Workbench, cases: Sequence[HeldOutPerson], a: _Lists, b: _Lists) -> list[Figure]:
    """Return the measures that have a value per person."""
    tail_a, tail_b = (_tail(lists.top, cases, ground.ranks) for lists in (a, b))
    beyond_a, beyond_b = (_beyond(lists.top, ground.ranks) for lists in (a, b))
    return [
        _figure("Recall@10", "", a.result.recall, b.result.recall, QUALITY),
        _figure("NDCG@10", "", a.result.ndcg, b.result.ndcg, QUALITY),
        _figure(f"Recall@10 outside the {HEAD} most liked", "", tail_a, tail_b, QUALITY),
        _figure("intra-list diversity", "", a.result.diversity, b.result.diversity, ("more varied", "less varied")),
        _figure("popularity rank", "", a.result.popularity_rank, b.result.popularity_rank, FAME),
        _figure(f"share outside the {HEAD} most liked", SHARES, beyond_a, beyond_b, FAME),
    ]


def _figure(name: str, unit: str, a: NDArray[np.float64], b: NDArray[np.float64], words: tuple[str, str]) -> Figure:
    has_value = ~np.isnan(a)
    mean_a, mean_b = (float(values[has_value].mean()) if has_value.any() else 0.0 for values in (a, b))
    return Figure(name, unit, mean_a, mean_b, Interval.of(b - a), *words)


def _tail(lists: Sequence[Rows], cases: Sequence[HeldOutPerson], ranks: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the recall of hidden likes outside the most liked films, float64[people], nan for people without any."""
    pairs = zip(lists, cases, strict=True)
    return np.array([tail_recall(each, case.relevant, ranks, HEAD) for each, case in pairs])


def _beyond(lists: Sequence[Rows], ranks: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the share of each list outside the most liked films, float64[people]."""
    return np.array([float((ranks[each] > HEAD).mean()) if len(each) else 0.0 for each in lists])


def _groups(cases: Sequence[HeldOutPerson], a: Result, b: Result) -> tuple[LikesGroup, ...]:
    """Return the people grouped by their number of known likes; empty groups are omitted."""
    likes = np.array([int(known_likes(case.profile.history).sum()) for case in cases])
    groups = []
    for least, beyond, label in LIKES:
        inside = (likes >= least) & (likes < beyond)
        if inside.any():
            less = Interval.of(b.ndcg[inside] - a.ndcg[inside])
            groups.append(LikesGroup(label, float(a.ndcg[inside].mean()), float(b.ndcg[inside].mean()), less))
    return tuple(groups)


def _moves(a: Sequence[Rows], b: Sequence[Rows]) -> Moves:
    common, shifts, places = [], [], np.zeros(6)
    overlaps: dict[int, list[float]] = {1: [], TOP: [], DEPTH: []}
    same = 0
    for list_a, list_b in zip(a, b, strict=True):
        place_in_b = {row: place for place, row in enumerate(list_b.tolist())}
        shifts += [abs(place_in_b[row] - place) for place, row in enumerate(list_a.tolist()) if row in place_in_b]
        for place, row in enumerate(list_a[:TOP].tolist()):
            places[_place(place, place_in_b.get(row))] += 1
        common.append(len(np.intersect1d(list_a[:TOP], list_b[:TOP])))
        for k, shares in overlaps.items():
            shares.append(len(np.intersect1d(list_a[:k], list_b[:k])) / max(min(k, len(list_a)), 1))
        same += list_a[:TOP].tolist() == list_b[:TOP].tolist()
    return Moves(
        common=tuple(np.bincount(common, minlength=TOP + 1).tolist()),
        places=tuple((places / max(places.sum(), 1)).tolist()),
        kept={f"first {k}" if k > 1 else "first film": float(np.mean(shares)) for k, shares in overlaps.items()},
        shift=float(np.mean(shifts)) if shifts else 0.0,
        same=same / max(len(a), 1),
    )


def _place(before: int, after: int | None) -> int:
    """Return the index into ``PLACES`` of a film at place ``before`` in A's ten and ``after`` in B's list."""
    if after is None:
        return 5
    if after >= TOP:
        return 3 if after < 2 * TOP else 4
    away = abs(after - before)
    return 0 if away == 0 else 1 if away <= 2 else 2


def _bands(ground: Workbench, a: Sequence[Rows], b: Sequence[Rows]) -> tuple[Band, ...]:
    """Return the share of all places that each band of popularity takes."""
    edges = [edge for edge in BANDS if edge <= len(ground.ranks)]
    shares = []
    for lists in (a, b):
        ranks = ground.ranks[np.concatenate(lists)] if lists else np.empty(0, np.int32)
        counts = np.bincount(np.searchsorted(edges[1:], ranks, side="left"), minlength=len(edges))
        shares.append(counts / max(len(ranks), 1))
    labels = [f"{start + (start > 1):,}-{end:,}" for start, end in pairwise(edges)]
    labels.append(f"{edges[-1]:,}+" if len(edges) > 1 else "all")
    pairs = zip(labels, *(each.tolist() for each in shares), strict=True)
    return tuple(Band(label, share_a, share_b) for label, share_a, share_b in pairs)


def _shown(ground: Workbench, a: Sequence[Rows], b: Sequence[Rows]) -> tuple[tuple[Shown, ...], tuple[Shown, ...]]:
    """Return the films that B shows more often than A, and less often, the largest difference first."""
    films = len(ground.bundle.catalogue)
    count_a, count_b = (np.bincount(np.concatenate(lists), minlength=films) for lists in (a, b))
    change = count_b - count_a
    order = np.argsort(-change, kind="stable")

    def films_of(rows: NDArray[np.intp]) -> tuple[Shown, ...]:
        titles = (title_of(ground, row) for row in rows.tolist())
        return tuple(
            Shown(title, int(ground.ranks[row]), int(count_a[row]), int(count_b[row]))
            for title, row in zip(titles, rows.tolist(), strict=True)
        )

    risen, fallen = order[:MOST_SHOWN], order[::-1][:MOST_SHOWN]
    return films_of(risen[change[risen] > 0]), films_of(fallen[change[fallen] < 0])
