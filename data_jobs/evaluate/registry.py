"""The parts of an evaluation: the name of each, which is also its command-line option, and its module, which is
imported when the part runs.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from data_jobs.report import DataError

if TYPE_CHECKING:
    from data_jobs.evaluate.job import Job
    from data_jobs.evaluate.outcome import Outcome


@dataclass(frozen=True, slots=True)
class EvaluationPart:
    """``name``: the option without its dashes ("cold-items"), also used in the CSV. ``module``: below this package; its
    ``part(job)`` measures. ``torch``: it needs PyTorch.
    """

    name: str
    module: str
    torch: bool = False

    @property
    def key(self) -> str:
        """Return the name in the JSON document and in Python: "cold_items"."""
        return self.name.replace("-", "_")

    @property
    def is_available(self) -> bool:
        """Whether what it needs is installed."""
        return not self.torch or find_spec("torch") is not None

    def run(self, job: "Job") -> "Outcome":
        """Measure. Raises DataError, also without PyTorch if it is needed; TrainingError, BundleError."""
        if not self.is_available:
            raise DataError(f"--{self.name} needs PyTorch: `uv sync --locked --group train` in a checkout")
        outcome: Outcome = import_module(f"data_jobs.evaluate.{self.module}").part(job)
        return outcome


PARTS = (
    EvaluationPart("newcomers", "parts.newcomers"),
    EvaluationPart("arrivals", "parts.arriving_people"),
    EvaluationPart("focused", "parts.focused"),
    EvaluationPart("popularity", "parts.popularity_bias"),
    EvaluationPart("growth", "parts.growth"),
    EvaluationPart("cold-items", "parts.cold_items"),
    EvaluationPart("queries", "parts.queries"),
    EvaluationPart("finder", "parts.finder"),
    EvaluationPart("series", "parts.sequels"),
    EvaluationPart("similar", "parts.similar"),
    EvaluationPart("reasons", "parts.reasons"),
    EvaluationPart("explanations", "explanations.explanations"),
    EvaluationPart("panel", "panel.panel"),
    EvaluationPart("two-tower", "parts.two_tower", torch=True),
    EvaluationPart("svd-grid", "parts.svd_grid"),
    EvaluationPart("l3ae", "trials.l3ae"),
    EvaluationPart("deql", "trials.deql"),
    EvaluationPart("dan", "trials.dan"),
    EvaluationPart("sparse-rows", "trials.sparse_rows"),
    EvaluationPart("next-film", "trials.next_film"),
    EvaluationPart("attention", "trials.attention.term", torch=True),
)
