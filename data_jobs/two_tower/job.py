"""From a data set to a trained model: features, interactions, training."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_jobs.records import Dataset
from data_jobs.report import Progress
from data_jobs.train.interactions import interactions_of
from data_jobs.two_tower.features import Features, features_of
from data_jobs.two_tower.genome import Genome
from data_jobs.two_tower.params import TowerParams
from data_jobs.two_tower.training import Trained, train_towers


def train_on(
    dataset: Dataset,
    params: TowerParams,
    progress: Progress,
    *,
    genome: Genome | None = None,
    vectors: NDArray[np.float32] | None = None,
    folder: Path | None = None,
) -> tuple[Trained, Features]:
    """Train on the events of a data set, films numbered in its order. ``vectors`` float32[films, dims]: of their texts.
    ``folder``: of the checkpoint. Raises TrainingError.
    """
    films = len(dataset.films)
    interactions = interactions_of(dataset.events, np.arange(films, dtype=np.int32), films)
    features = features_of(dataset.films, genome, vectors)
    return train_towers(interactions, features, params, progress, folder), features
