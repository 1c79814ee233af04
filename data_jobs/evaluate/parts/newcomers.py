"""Newcomers: people unseen in training with a few likes (``few_likes``)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.few_likes import LIKES, FewLikes, likes_in_words
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.protocol import Result, difference, pooled


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Results with ``likes`` likes known. ``recall``, ``ndcg``: model -> figure; ``ahead``, ``ahead_of_ease``: NDCG@10
    of the pipeline minus that of popularity or plain EASE, with the paired standard error.
    """

    likes: int
    people: int
    recall: dict[str, Estimate]
    ndcg: dict[str, Estimate]
    ahead: Estimate
    ahead_of_ease: Estimate

    def figures(self) -> Iterator[Figure]:
        """Yield Recall@10 and NDCG@10 of every model, and the differences."""
        for model, ndcg in self.ndcg.items():
            yield model, f"recall, {self.likes} likes", self.recall[model]
            yield model, f"ndcg, {self.likes} likes", ndcg
        yield PIPELINE, f"ndcg less popularity, {self.likes} likes", self.ahead
        yield PIPELINE, f"ndcg less plain EASE, {self.likes} likes", self.ahead_of_ease


@dataclass(frozen=True, slots=True)
class Newcomers(Outcome):
    """One entry per number of likes."""

    entries: tuple[Newcomer, ...]

    def tables(self) -> Iterator[Table]:
        """Yield NDCG@10 of every model."""
        models = list(self.entries[0].ndcg)
        rows = [
            (str(entry.likes), str(entry.people), *(f"{entry.ndcg[model]}" for model in models), f"{entry.ahead}")
            for entry in self.entries
        ]
        headings = ("likes", "people", *models, "pipeline minus popularity")
        yield Table("Newcomers, NDCG@10, five folds", headings, rows)

    def figures(self) -> Iterator[Figure]:
        """Yield the figures of every entry."""
        for entry in self.entries:
            yield from entry.figures()

    def bars(self) -> Iterator[Bar]:
        """Yield the bars; popularity is hard to beat with one like."""
        for entry in self.entries:
            name = f"newcomer with {likes_in_words(entry.likes)}, NDCG@10 against popularity"
            yield Bar.above(name, entry.ahead, -1) if entry.likes < 3 else Bar.above(name, entry.ahead)

    def panels(self) -> Iterator[Panel]:
        """Yield NDCG@10 for each number of likes."""
        for entry in self.entries:
            title = f"NDCG@10 of people unseen in training, {likes_in_words(entry.likes)} known"
            yield Panel(title, [(model, value, model == PIPELINE) for model, value in entry.ndcg.items()])


def part(job: Job) -> Newcomers:
    """Run this part of an evaluation; see the module."""
    return newcomers(job.few_likes)


def newcomers(entries: Sequence[FewLikes]) -> Newcomers:
    """Return one entry per number of likes, pooled over the folds; each person is in one of them."""
    return Newcomers(
        tuple(_newcomer(likes, [each.results for each in entries if each.likes == likes]) for likes in LIKES)
    )


def _newcomer(likes: int, folds: Sequence[tuple[Result, ...]]) -> Newcomer:
    served, popular, ease = (pooled(parts) for parts in zip(*folds, strict=True))
    models = (served, popular, ease)
    return Newcomer(
        likes,
        len(served.ndcg),
        {model.model: Estimate.of(model.recall) for model in models},
        {model.model: Estimate.of(model.ndcg) for model in models},
        difference(served, popular).ndcg,
        difference(served, ease).ndcg,
    )
