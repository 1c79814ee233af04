"""What self-attention as one more term of the score gains over the whole pipeline; see ``term``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.estimate import Estimate, Figures
from data_jobs.evaluate.outcome import Figure, Outcome, Table
from data_jobs.evaluate.protocol import Result
from data_jobs.evaluate.trials.attention.forward import LENGTH


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The results of the same people without and with the term."""

    user_ids: list[str]
    without: Result
    term: Result

    @property
    def shown(self) -> tuple[int, int]:
        """Return the number of films in any list, without and with the term."""
        without, term = (len(np.unique(np.concatenate(result.lists))) for result in (self.without, self.term))
        return without, term


@dataclass(frozen=True, slots=True)
class TermGain:
    """Recall@10 and NDCG@10 without the term, and the paired difference with it. ``shown``: see :class:`Pair`, each."""

    name: str
    people: int
    recall: float
    recall_gain: Estimate
    recall_interval: Interval
    ndcg: float
    ndcg_gain: Estimate
    ndcg_interval: Interval
    shown: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, name: str, pairs: Sequence[Pair]) -> "TermGain":
        """Return the gain over all ``pairs``; a person counts once, with the mean of their cases."""
        people, owner = np.unique([user for pair in pairs for user in pair.user_ids], return_inverse=True)

        def gain(without: Sequence[Figures], term: Sequence[Figures]) -> tuple[float, Estimate, Interval]:
            first, second = (np.bincount(owner, np.concatenate(each)) / np.bincount(owner) for each in (without, term))
            return float(first.mean()), Estimate.of(second - first), Interval.of(second - first)

        recall = gain([pair.without.recall for pair in pairs], [pair.term.recall for pair in pairs])
        ndcg = gain([pair.without.ndcg for pair in pairs], [pair.term.ndcg for pair in pairs])
        return cls(name, len(people), *recall, *ndcg, tuple(pair.shown for pair in pairs))

    def row(self) -> tuple[str, ...]:
        """Return the row of the table."""
        recall = (f"{self.recall:.4f}", f"{self.recall_gain}", f"{self.recall_interval}")
        ndcg = (f"{self.ndcg:.4f}", f"{self.ndcg_gain}", f"{self.ndcg_interval}")
        shown = "; ".join(f"{without}, {term}" for without, term in self.shown)
        return (self.name, str(self.people), *recall, *ndcg, shown)


@dataclass(frozen=True, slots=True)
class AttentionOutcome(Outcome):
    """``tried``: the variants on the inner holdouts, best first. ``splits``, ``newcomers``: of the best;
    ``by_gap``: for the splits by time, by how long after the newest known like the hidden ones were given. ``ms``: CPU
    time of the forward pass for one person, median; ``numbers``: of the model's weights.
    """

    tried: tuple[TermGain, ...]
    splits: tuple[TermGain, ...]
    by_gap: tuple[TermGain, ...]
    newcomers: tuple[TermGain, ...]
    ms: float
    numbers: int

    def tables(self) -> Iterator[Table]:
        """Yield the variants, the splits and the newcomers."""
        headings = ("people", "Recall@10 without", "gain", "95 %", "NDCG@10 without", "gain", "95 %",
                    "films in any list, without, with")  # fmt: skip
        cost = f"forward pass in numpy for {LENGTH} films: {self.ms:.2f} ms of CPU; weights: {self.numbers:,} numbers"
        for first, of, entries, notes in (
            ("variant", "on holdouts inside a training part", self.tried, ()),
            ("split", f"with {self.tried[0].name}", self.splits, (cost,)),
            ("hidden likes", "by time after the newest known like", self.by_gap, ()),
            ("likes", "newcomers, five folds", self.newcomers, ()),
        ):
            rows = [entry.row() for entry in entries]
            yield Table(f"Self-attention as a term, {of}", (first, *headings), rows, notes)

    def figures(self) -> Iterator[Figure]:
        """Yield the gains and the time."""
        for entry in (*self.tried, *self.splits, *self.by_gap, *self.newcomers):
            yield f"attention, {entry.name}", "recall@10 gain", entry.recall_gain
            yield f"attention, {entry.name}", "ndcg@10 gain", entry.ndcg_gain
        yield "attention", "ms of a forward pass", self.ms
