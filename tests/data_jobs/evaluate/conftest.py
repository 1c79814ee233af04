import pytest

from data_jobs.evaluate import split
from data_jobs.evaluate.few_likes import FewLikes, few_likes
from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.folds import folds as make_folds
from data_jobs.evaluate.split import Holdout, SplitKind
from data_jobs.evaluate.workbench import Workbench
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="session")
def holdout() -> Holdout:
    return split.draw(kit.dataset(), SplitKind.RANDOM, seed=1, min_likes=5)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, holdout: Holdout) -> Workbench:
    return kit.workshop(tmp_path_factory.mktemp("bench")).make(holdout.training)


@pytest.fixture(scope="session")
def plain_bench(tmp_path_factory: pytest.TempPathFactory, holdout: Holdout) -> Workbench:
    """A bench without vectors."""
    return kit.workshop(tmp_path_factory.mktemp("plain"), vectors=False).make(holdout.training)


@pytest.fixture(scope="session")
def folds(tmp_path_factory: pytest.TempPathFactory) -> list[Fold]:
    workshop = kit.workshop(tmp_path_factory.mktemp("folds"), vectors=False)
    return make_folds(kit.dataset(), workshop, 20.0, 1, kit.Listening())


@pytest.fixture(scope="session")
def few_likes_results(folds: list[Fold]) -> list[FewLikes]:
    return few_likes(folds, 1, kit.Listening())
