from dataclasses import replace

import pytest

from data_jobs.evaluate.compare.comparison import Comparison
from data_jobs.evaluate.compare.measure import compare
from data_jobs.evaluate.compare.sides import Side, SideKind
from data_jobs.evaluate.split import Holdout
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import Silent
from services.recommender.domain.request import Preset
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline


def side(bench: Workbench, name: str, weights: Weights) -> Side:
    return Side(name, SideKind.WEIGHTS, Preset.DEFAULT, replace(bench, pipeline=Pipeline(bench.release, None, weights)))


@pytest.fixture(scope="session")
def sides(bench: Workbench) -> tuple[Side, Side]:
    """Popularity alone, and the weights as they are."""
    only_popular = Weights(
        collaborative=0, traits=0, concept=0, coherent_content=0, novelty=0, sequels=0, standing_popularity=1,
        dissonance=0, tone=0,
    )  # fmt: skip
    return side(bench, "famous", only_popular), side(bench, "whole", Weights())


@pytest.fixture(scope="session")
def compared(sides: tuple[Side, Side], holdout: Holdout) -> Comparison:
    return compare(*sides, holdout.relevant, "random, seed 1", Silent())
