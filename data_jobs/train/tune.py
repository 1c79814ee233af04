"""Choose lambda on the data itself: hide likes, train on the rest, and see which lambda predicts them.

Both splits are by time, since too small a lambda looks good on random splits but not over time. One hides each person's
newest likes, the other all likes since one moment: the first has more people, the second nothing of the future in the
tables. Only the given interactions are used: a holdout taken from the data beforehand stays unseen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.train.ease import Solver
from data_jobs.train.interactions import Interactions
from services.recommender.domain.catalogue import hash_ids
from services.recommender.domain.weights import Weights
from services.recommender.taste.fold_in import recency

MIN_LIKES = 5
MIN_PEOPLE = 50
MAX_PEOPLE = 2_000
HIDDEN_SHARE = 0.2
DAY_MS = 86_400_000
TOP = 10
_DISCOUNT = 1 / np.log2(np.arange(2, TOP + 2))
_SEED = 20_190_513


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A split by time. ``training``: all people, without what is hidden. For the q validated people: ``profiles``
    float32[q, films], weighted as in the fold-in; ``seen`` and ``hidden`` float32[q, films], 1 or 0, the latter for
    the likes to be found.
    """

    training: Interactions
    profiles: sp.csr_matrix
    seen: sp.csr_matrix
    hidden: sp.csr_matrix


@dataclass(frozen=True, slots=True)
class Trial:
    """One lambda with its mean Recall@10 and NDCG@10 over the validated people of each split."""

    ridge: float
    recall: tuple[float, ...]
    ndcg: tuple[float, ...]

    @property
    def worth(self) -> float:
        """Return the objective to maximise: every split counts the same."""
        return sum(self.recall) + sum(self.ndcg)


def choose(
    splits: Sequence[tuple[Split, Solver]],
    grid: tuple[float, ...],
    dropout: float,
    done: Callable[[int], None],
    start: float,
) -> tuple[Trial, ...]:
    """Return the lambdas tried on the splits, each with the solver of its training part, best first; of equals the
    larger. ``done`` receives the number of lambdas tried.

    The objective has one peak over lambda (measured on four data sets), so the search climbs from the grid point
    nearest ``start``: three or four inversions instead of eight.
    """
    ridges = sorted(grid)
    trials: dict[int, Trial] = {}

    def worth(at: int) -> float:
        if not 0 <= at < len(ridges):
            return -1.0
        if at not in trials:
            trials[at] = _tried(splits, ridges[at], dropout)
            done(len(trials))
        return trials[at].worth

    at = min(range(len(ridges)), key=lambda index: abs(ridges[index] - start))
    while worth(at + 1) >= worth(at):
        at += 1
    while worth(at - 1) > worth(at):
        at -= 1
    return tuple(sorted(trials.values(), key=lambda trial: (-trial.worth, -trial.ridge)))


def _tried(splits: Sequence[tuple[Split, Solver]], ridge: float, dropout: float) -> Trial:
    results = [
        figures(solver.invert(ridge, dropout).scores(split.profiles), split.seen, split.hidden)
        for split, solver in splits
    ]
    return Trial(ridge, tuple(recall for recall, _ in results), tuple(ndcg for _, ndcg in results))


def newest_likes(interactions: Interactions, user_ids: Sequence[str]) -> Split | None:
    """Return the split that hides a fifth of the likes of each validated person, the newest; None if fewer than 50
    people have 5 likes or more, too few to choose by.

    Of more than 2,000 such people a sample is validated, while all others train: lambda is relative to the number of
    people in the Gram matrix, so it must be chosen with all of them in it. The sample is the people whose ids have the
    smallest hashes: nearly the same people after others join, and wherever they are counted.
    """
    people = _validated(interactions, user_ids)
    if len(people) < MIN_PEOPLE:
        return None
    sampled, entries = _of_people(interactions, people)
    hidden, left_out = _newest(entries)
    is_training = np.ones(len(interactions), bool)
    is_training[sampled[left_out]] = False
    return _split(interactions.take(is_training), entries.take(~left_out), entries.take(hidden))


def later_likes(interactions: Interactions, user_ids: Sequence[str], moment_ms: int) -> Split | None:
    """Return the split that hides all events since a moment, epoch ms; None if fewer than 50 people can be validated.

    They are those of :func:`newest_likes` with likes to be found. Who came later has the first half of their events as
    a profile, though not in training.
    """
    _, entries = _of_people(interactions, _validated(interactions, user_ids))
    known = _known(entries, entries.ts_ms < moment_ms)
    hidden = entries.liked & ~known
    has_profile, has_likes = (
        np.bincount(entries.person[mask], minlength=entries.people) > 0
        for mask in (known & (entries.weight > 0), hidden)
    )
    people = np.flatnonzero(has_profile & has_likes)
    if len(people) < MIN_PEOPLE:
        return None
    at, entries = _of_people(entries, people)
    past = interactions.take(interactions.ts_ms < moment_ms)
    return _split(past, entries.take(known[at]), entries.take(hidden[at]))


def moment_of(ts_ms: NDArray[np.int64]) -> int:
    """Return the first midnight (UTC, epoch ms) before which at least 80 % of the events lie."""
    days = ts_ms // DAY_MS
    first = int(days.min(initial=0))
    earlier = np.cumsum(np.bincount(days - first))
    return (first + int(np.searchsorted(earlier, (1 - HIDDEN_SHARE) * len(ts_ms))) + 1) * DAY_MS


def _split(training: Interactions, known: Interactions, hidden: Interactions) -> Split:
    return Split(training, profiles_of(known), marks_of(known), marks_of(hidden))


def _of_people(interactions: Interactions, people: NDArray[np.intp]) -> tuple[NDArray[np.intp], Interactions]:
    """Return the index of some people's entries, and these entries with the people renumbered in this order."""
    number = np.full(interactions.people, -1, np.int32)
    number[people] = np.arange(len(people), dtype=np.int32)
    at = np.flatnonzero(number[interactions.person] >= 0)
    return at, replace(interactions.take(at), person=number[interactions.person[at]], people=len(people))


def _validated(interactions: Interactions, user_ids: Sequence[str]) -> NDArray[np.intp]:
    """Return the validated people, ascending."""
    likes = np.bincount(interactions.person[interactions.liked], minlength=interactions.people)
    eligible = np.flatnonzero(likes >= MIN_LIKES)
    if len(eligible) <= MAX_PEOPLE:
        return eligible
    hashes = hash_ids(user_ids[person] for person in eligible.tolist())
    return np.sort(eligible[np.argsort(hashes, kind="stable")[:MAX_PEOPLE]])


def _newest(entries: Interactions) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return masks over the entries: the newest fifth of each person's likes, and all that is removed from training.

    Films seen but not liked since the first hidden like are removed as well: else the mask of seen films would reveal
    which films came later. Ties in time are broken at random, since sessions are often stored in the order of ids.
    """
    liked = entries.liked
    likes = np.bincount(entries.person[liked], minlength=entries.people)
    to_hide = np.maximum(1, np.rint(HIDDEN_SHARE * likes)).astype(np.int64)
    chance = np.random.default_rng(_SEED).random(len(entries))
    at = np.flatnonzero(liked)
    at = at[np.lexsort((chance[at], entries.ts_ms[at], entries.person[at]))]
    ends = np.cumsum(likes)
    newest = np.arange(len(at)) >= (ends - to_hide)[entries.person[at]]
    hidden = np.zeros(len(entries), bool)
    hidden[at[newest]] = True
    first = np.full(entries.people, np.iinfo(np.int64).max)
    np.minimum.at(first, entries.person[hidden], entries.ts_ms[hidden])
    return hidden, hidden | (~liked & (entries.ts_ms >= first[entries.person]))


def _known(entries: Interactions, is_past: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask over the entries: those of the past, or the first half of the events of people without a past."""
    chance = np.random.default_rng(_SEED).random(len(entries))
    order = np.lexsort((chance, entries.ts_ms, entries.person))
    events = np.bincount(entries.person, minlength=entries.people)
    place = np.arange(len(order)) - (np.cumsum(events) - events)[entries.person[order]]
    in_first_half = np.zeros(len(entries), bool)
    in_first_half[order] = place < events[entries.person[order]] / 2
    has_past = np.bincount(entries.person[is_past], minlength=entries.people) > 0
    return np.where(has_past[entries.person], is_past, in_first_half)


def profiles_of(entries: Interactions) -> sp.csr_matrix:
    """Return people x films: event weight times recency, as in :func:`services.recommender.taste.fold_in.fold_in`."""
    order = np.lexsort((entries.ts_ms, entries.person))
    person, moment = entries.person[order], entries.ts_ms[order]
    new_moment = np.append(True, (person[1:] != person[:-1]) | (moment[1:] != moment[:-1]))
    moments = np.cumsum(new_moment) - 1
    after_moment = np.cumsum(np.bincount(moments))[moments]
    rank = np.cumsum(np.bincount(person, minlength=entries.people))[person] - after_moment
    weight = entries.weight[order] * recency(rank.astype(np.int32), Weights())
    shape = (entries.people, entries.films)
    profiles = sp.csr_matrix((weight, (person, entries.film[order])), shape=shape, dtype=np.float32)
    profiles.eliminate_zeros()
    return profiles


def marks_of(entries: Interactions) -> sp.csr_matrix:
    """Return people x films, 1 for every entry."""
    ones = np.ones(len(entries), np.float32)
    return sp.csr_matrix((ones, (entries.person, entries.film)), shape=(entries.people, entries.films))


def figures(scores: NDArray[np.float32], seen: sp.csr_matrix, hidden: sp.csr_matrix) -> tuple[float, float]:
    """Return the means of ``per_person``, Recall@10 and NDCG@10; ``scores`` is changed in place."""
    recall, ndcg = per_person(scores, seen, hidden)
    return float(recall.mean()), float(ndcg.mean())


def per_person(
    scores: NDArray[np.float32], seen: sp.csr_matrix, hidden: sp.csr_matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Recall@10 (hits / hidden) and binary NDCG@10 of each person, float64[q] each, by full ranking without the
    films seen.

    ``scores`` float32[q, films] is changed in place.
    """
    scores[seen.nonzero()] = -np.inf
    depth = min(TOP, scores.shape[1])
    best = np.argpartition(scores, scores.shape[1] - depth, axis=1)[:, -depth:]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(best, order, axis=1)
    hits = np.asarray(hidden[np.arange(len(scores))[:, None], best].todense(), np.float64)
    counts = np.diff(hidden.indptr)
    ideal = np.cumsum(_DISCOUNT)[np.minimum(counts, TOP) - 1]
    return hits.sum(axis=1) / counts, hits @ _DISCOUNT[:depth] / ideal
