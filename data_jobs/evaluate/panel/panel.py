"""Run the panel on a pipeline: tastes, queries and films for /similar that everyone knows."""

from collections.abc import Sequence

import numpy as np

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.panel.asking import ask, most_popular
from data_jobs.evaluate.panel.cases import Case, cases
from data_jobs.evaluate.panel.entries import Entry, PanelTaste
from data_jobs.evaluate.panel.entry_files import read_panel
from data_jobs.evaluate.panel.facts import FactColumns
from data_jobs.evaluate.panel.result import PanelResult, is_coherent
from data_jobs.evaluate.panel.verdict import Verdict, verdict
from data_jobs.report import Progress
from services.recommender.pipeline import Pipeline

FAMOUS = 20
THREE = 3


def part(job: Job) -> PanelResult:
    """Run the panel on all of the data, as `marquee build` trains on it."""
    return run_panel(job.workshop.make(job.dataset).pipeline, read_panel(), job.progress)


def run_panel(pipeline: Pipeline, entries: Sequence[Entry], progress: Progress) -> PanelResult:
    """Run all entries that apply to the catalogue."""
    bundle = pipeline.bundle
    servable, skipped = cases(entries, FactColumns(bundle.catalogue))
    famous = np.zeros(len(bundle.catalogue), bool)
    famous[np.argsort(-bundle.popularity, kind="stable")[:FAMOUS]] = True
    verdicts: list[Verdict] = []
    for done, case in enumerate(servable, 1):
        answer = ask(pipeline, case)
        well_known = int(famous[answer.rows].sum())
        verdicts.append(verdict(bundle.catalogue, case, answer, most_popular(bundle.popularity, case), well_known))
        progress.advance("panel", done, len(servable))
    alike = [each for each, case in zip(verdicts, servable, strict=True) if _three_alike(case)]
    return PanelResult.of(verdicts, skipped, alike)


def _three_alike(case: Case) -> bool:
    wish = case.entry.ask
    return (
        isinstance(wish, PanelTaste) and len(wish.liked) == THREE and not wish.disliked and is_coherent(case.entry.kind)
    )
