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
class Part:
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
    Part("newcomers", "newcomers"),
    Part("arrivals", "arrivals"),
    Part("focused", "focused"),
    Part("popularity", "popularity_bias"),
    Part("growth", "growth"),
    Part("cold-items", "cold_items"),
    Part("queries", "queries"),
    Part("finder", "finder"),
    Part("series", "sequels"),
    Part("similar", "similar"),
    Part("reasons", "reasons"),
    Part("explanations", "explanations.explanations"),
    Part("panel", "panel.panel"),
    Part("two-tower", "two_tower"),
    Part("svd-grid", "svd_grid"),
    Part("l3ae", "l3ae"),
)
