"""The parts of an evaluation, a line each: what the command line offers, and the module that measures it.

Light to import, for ``marquee --help`` reads it: a part's module is imported when it runs.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_jobs.evaluate.job import Job
    from data_jobs.evaluate.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Part:
    """``name``: the option without its dashes ("cold-items"), and the part's name in the CSV. ``module``: beside
    this one, or "package.module" in a folder beside it; its ``part(job)`` measures.
    """

    name: str
    help: str
    module: str

    @property
    def key(self) -> str:
        """The name in the JSON document and in Python: "cold_items"."""
        return self.name.replace("-", "_")

    def run(self, job: "Job") -> "Outcome":
        """Measure. Raises DataError, TrainingError, BundleError."""
        outcome: Outcome = import_module(f"data_jobs.evaluate.{self.module}").part(job)
        return outcome


PARTS = (
    Part("newcomers", "People unseen in training, five folds.", "newcomers"),
    Part("arrivals", "People who arrive after a moment, nothing later in training.", "arrivals"),
    Part("focused", "Three likes of one director, genre, language, decade or series.", "focused"),
    Part("popularity", "How far lists keep to popular films; the long tail; genres.", "popularity_bias"),
    Part("growth", "As a shop grows: 0, 1,000, 10,000 and all ratings, with votes and without.", "growth"),
    Part("cold-items", "Films whose ratings are all removed.", "cold_items"),
    Part("queries", "150 searches of which the answer is known.", "queries"),
    Part("series", "Part 1 of a series liked: is part 2 there, and before part 3?", "sequels"),
    Part("similar", "Series and co-likes by /similar.", "similar"),
    Part("reasons", "Take away what is cited: does the score fall?", "reasons"),
    Part("panel", "Tastes, queries and films everybody knows: is the answer what a film lover expects?", "panel.panel"),
)
