"""Run the panel on a pipeline: tastes, queries and films for /similar whose results are judged by expectations."""

from collections.abc import Sequence

import numpy as np

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.panel.cases import Case, cases
from data_jobs.evaluate.panel.entries import Entry, PanelTaste
from data_jobs.evaluate.panel.entry_files import read_panel
from data_jobs.evaluate.panel.facts import FactColumns
from data_jobs.evaluate.panel.result import PanelResult, is_coherent
from data_jobs.evaluate.panel.top_ten import most_popular, top_ten
from data_jobs.evaluate.panel.verdict import Verdict, verdict
from data_jobs.report import Progress
from services.recommender.pipeline import Pipeline

FAMOUS = 20
THREE = 3


def part(job: Job) -> PanelResult:
    """Run the panel on a model of all the data, as `marquee build` trains it."""
    return run_panel(job.workshop.make(job.dataset).pipeline, read_panel(), job.progress)


def run_panel(pipeline: Pipeline, entries: Sequence[Entry], progress: Progress) -> PanelResult:
    """Run all entries that apply to the catalogue."""
    bundle = pipeline.bundle
    applicable, skipped = cases(entries, FactColumns(bundle.catalogue))
    famous = np.zeros(len(bundle.catalogue), bool)
    famous[np.argsort(-bundle.popularity, kind="stable")[:FAMOUS]] = True
    verdicts: list[Verdict] = []
    for done, case in enumerate(applicable, 1):
        shown = top_ten(pipeline, case)
        well_known = int(famous[shown.rows].sum())
        verdicts.append(verdict(bundle.catalogue, case, shown, most_popular(bundle.popularity, case), well_known))
        progress.advance("panel", done, len(applicable))
    three_likes = [each for each, case in zip(verdicts, applicable, strict=True) if _three_alike(case)]
    return PanelResult.of(verdicts, skipped, three_likes)


def _three_alike(case: Case) -> bool:
    request = case.entry.request
    return (
        isinstance(request, PanelTaste)
        and len(request.liked) == THREE
        and not request.disliked
        and is_coherent(case.entry.kind)
    )
