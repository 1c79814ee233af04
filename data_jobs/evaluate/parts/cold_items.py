"""Cold films: how films without any rating are ranked.

All ratings of 5 % of the films, drawn by a seed, are left out of training. People keep their other ratings. Their likes
of cold films are to be found in the whole catalogue, and among the cold films alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate, Figures
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.metrics import recall
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.progress import tracked
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.ranking_models import ContentModel, PipelineModel, RankingModel
from data_jobs.evaluate.split import liked, relevant_items, without
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import Progress

SHARE = 0.05
DEPTH = 100


@dataclass(frozen=True, slots=True)
class ColdRecall:
    """Recall@10 and @100 of cold likes over all films, and Recall@10 among the cold films."""

    recall: Estimate
    recall_deep: Estimate
    recall_among: Estimate

    @property
    def views(self) -> tuple[tuple[str, Estimate], ...]:
        """Return the figures with their names."""
        names = ("Recall@10", "Recall@100", "Recall@10 among cold films")
        return tuple(zip(names, (self.recall, self.recall_deep, self.recall_among), strict=True))


@dataclass(frozen=True, slots=True)
class ColdItems(Outcome):
    """``models``: by name, with content only if there are vectors. ``ahead``: the pipeline minus content alone, paired.
    ``pages``: share of first pages (10 films, default diversity) with a cold film.
    """

    films: int
    people: int
    likes: int
    models: dict[str, ColdRecall]
    ahead: ColdRecall | None
    pages: Estimate

    def tables(self) -> Iterator[Table]:
        """Yield every model, and the difference to content alone."""
        models = dict(self.models)
        if self.ahead is not None:
            models["pipeline minus content"] = self.ahead
        rows = [(name, *(str(each) for _, each in of_model.views)) for name, of_model in models.items()]
        title = f"Cold films: {self.films} films, {self.likes:,} likes of {self.people} people"
        yield Table(title, ("model", "Recall@10", "Recall@100", "Recall@10 among cold films"), rows)

    def figures(self) -> Iterator[Figure]:
        """Yield every model's figures, and the share of pages."""
        for model, of_model in self.models.items():
            yield model, "recall", of_model.recall
            yield model, "recall_deep", of_model.recall_deep
            yield model, "recall_among", of_model.recall_among
        yield PIPELINE, "pages", self.pages

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: better than content alone, and visible."""
        for name, ahead in self.ahead.views if self.ahead is not None else ():
            yield Bar.above(f"cold films against content alone, {name}", ahead, 0)
        pages = self.pages.mean
        yield Bar("first pages with a cold film", ">= 1 in 20", f"{pages:.1%}", pages >= 0.05)


def part(job: Job) -> ColdItems:
    """Run this part of an evaluation; see the module."""
    return cold_items(job.dataset, job.workshop, job.seed, job.progress)


def cold_items(dataset: Dataset, workshop: Workshop, seed: int, progress: Progress) -> ColdItems:
    """Train without the ratings of some films, and rank these films. Raises TrainingError, BundleError."""
    cold = draw(len(dataset.films), seed)
    removed = cold[dataset.events.film]
    bench = workshop.make(without(dataset, removed))
    cases = bench.people.cases(relevant_items(dataset, removed & liked(dataset.events)))
    is_cold = np.zeros(len(cold), bool)
    is_cold[bench.bundle.catalogue.rows_of(dataset.films[at].item_id for at in np.flatnonzero(cold))] = True
    models: list[RankingModel] = [PipelineModel(bench, 0.0)]
    if bench.bundle.embeddings is not None:
        models += [ContentModel(bench.bundle), ContentModel(bench.bundle, centred=True)]
    figures = [_figures(model, cases, is_cold, progress) for model in models]
    return ColdItems(
        films=int(cold.sum()),
        people=len(cases),
        likes=sum(len(case.relevant) for case in cases),
        models={model.name: _estimates(values) for model, values in zip(models, figures, strict=True)},
        ahead=_estimates([ours - content for ours, content in zip(*figures[:2], strict=True)])
        if len(models) > 1
        else None,
        pages=Estimate.of(_pages(bench, cases, is_cold)),
    )


def draw(films: int, seed: int) -> NDArray[np.bool_]:
    """Return which films are cold, bool[films]: 5 % of them, at least one."""
    cold = np.zeros(films, bool)
    cold[np.random.default_rng(seed).choice(films, max(1, round(SHARE * films)), replace=False)] = True
    return cold


def _figures(
    model: RankingModel, cases: Sequence[HeldOutPerson], cold: NDArray[np.bool_], progress: Progress
) -> list[Figures]:
    """Return Recall@10, Recall@100, Recall@10 among the cold films; float64[people] each."""
    rows = []
    for case in tracked(cases, f"cold films, ranking with {model.name}", progress):
        deep = model.best(case.profile, DEPTH)
        among = model.best(case.profile, TOP, cold)
        rows.append([recall(ranked, case.relevant) for ranked in (deep[:TOP], deep, among)])
    return list(np.array(rows, np.float64).reshape(-1, 3).T)


def _estimates(figures: Sequence[Figures]) -> ColdRecall:
    return ColdRecall(*(Estimate.of(values) for values in figures))


def _pages(bench: Workbench, cases: Sequence[HeldOutPerson], cold: NDArray[np.bool_]) -> Figures:
    """Return 1 for each person whose first page has a cold film."""
    served = PipelineModel(bench)
    return np.array([float(cold[served.best(case.profile, TOP)].any()) for case in cases])
