"""The training as ordered on the command line: read, embed if requested, train, write."""

from dataclasses import replace
from pathlib import Path

from data_jobs.build import Order, embed, read
from data_jobs.report import Progress
from data_jobs.two_tower.files import FOLDER, TowerFile, write_all
from data_jobs.two_tower.genome import Genome, read_genome
from data_jobs.two_tower.job import train_on
from data_jobs.two_tower.params import TowerParams
from data_jobs.two_tower.training import CHECKPOINT, Trained


def train_order(order: Order, params: TowerParams, progress: Progress) -> tuple[Trained, TowerFile]:
    """Train on the data of an order and write the result under its home; see ``files``. The checkpoint is removed
    afterwards. Raises DataError, EncoderUnavailable, TrainingError.
    """
    dataset, _ = read(order, progress, [])
    folder = order.home / FOLDER
    vectors = embed(replace(order, activate=False), dataset, order.home / "features", progress)
    trained, features = train_on(dataset, params, progress, genome=genome_of(order), vectors=vectors, folder=folder)
    item_ids = [film.item_id for film in dataset.films]
    towers = write_all(trained, features, item_ids, dataset.events.user_ids, folder)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return trained, towers


def genome_of(order: Order) -> Genome | None:
    """Return the first tag genome in the folders of the order's data; None if there is none. Raises DataError."""
    if order.source is None:
        return None
    paths: list[Path] = [path for path in (order.source.movielens, *order.source.paths) if path is not None]
    genomes = (read_genome(path) for path in paths if path.is_dir())
    return next((genome for genome in genomes if genome is not None), None)
