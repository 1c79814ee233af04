"""The parts of an evaluation, one line each: its name, and the module that measures it, imported when it runs.

Each has a command-line option of that name.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_jobs.evaluate.job import Job
    from data_jobs.evaluate.outcome import Outcome


@dataclass(frozen=True, slots=True)
class EvaluationPart:
    """``name``: the option without its dashes ("cold-items"), also used in the CSV. ``module``: next to this one, or
    "package.module"; its ``part(job)`` measures.
    """

    name: str
    module: str

    @property
    def key(self) -> str:
        """Return the name in the JSON document and in Python: "cold_items"."""
        return self.name.replace("-", "_")

    def run(self, job: "Job") -> "Outcome":
        """Measure. Raises DataError, TrainingError, BundleError."""
        outcome: Outcome = import_module(f"data_jobs.evaluate.{self.module}").part(job)
        return outcome


PARTS = (
    EvaluationPart("newcomers", "newcomers"),
    EvaluationPart("arrivals", "arrivals"),
    EvaluationPart("focused", "focused"),
    EvaluationPart("popularity", "popularity_bias"),
    EvaluationPart("growth", "growth"),
    EvaluationPart("cold-items", "cold_items"),
    EvaluationPart("queries", "queries"),
    EvaluationPart("finder", "finder"),
    EvaluationPart("series", "sequels"),
    EvaluationPart("similar", "similar"),
    EvaluationPart("reasons", "reasons"),
    EvaluationPart("explanations", "explanations.explanations"),
    EvaluationPart("panel", "panel.panel"),
    EvaluationPart("two-tower", "two_tower"),
    EvaluationPart("svd-grid", "svd_grid"),
    EvaluationPart("l3ae", "trials.l3ae"),
    EvaluationPart("deql", "trials.deql"),
    EvaluationPart("dan", "trials.dan"),
    EvaluationPart("sparse-rows", "trials.sparse_rows"),
    EvaluationPart("next-film", "trials.next_film"),
)
