"""Make a training part servable: train, write a bundle and reopen it, so that what is measured is what is served."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_jobs.bundle import bundle_of, save
from data_jobs.catalogue import arranged, build_catalogue
from data_jobs.evaluate.held_out_people import People
from data_jobs.evaluate.metrics import popularity_ranks
from data_jobs.evaluate.split import liked
from data_jobs.records import Dataset
from data_jobs.report import Progress
from data_jobs.train import TrainParams, train
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.request import RankedItem
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release, TextEncoder

PATIENCE_S = 60.0


class SteadyClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Return wall-clock time, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds of a monotonic clock."""
        return time.monotonic()


CLOCK = SteadyClock()


def rows_of(items: Sequence[RankedItem]) -> NDArray[np.int32]:
    """Return the catalogue rows of ranked items, int32[n], best first."""
    return np.array([item.row for item in items], np.int32)


def patient() -> Deadline:
    """Return a deadline that no evaluation misses."""
    return Deadline.within(CLOCK, PATIENCE_S)


@dataclass(frozen=True, eq=False)
class Workbench:
    """One bundle with the pipeline on it. ``dataset``: its training part, films in row order. ``params``: the training
    parameters, including the lambda chosen.
    """

    dataset: Dataset
    pipeline: Pipeline
    params: TrainParams

    @property
    def release(self) -> Release:
        """Return the release that the pipeline ranks over."""
        return self.pipeline.release

    @property
    def bundle(self) -> Bundle:
        """Return the bundle as reopened."""
        return self.pipeline.bundle

    @cached_property
    def people(self) -> People:
        """Return the people of the training part."""
        return People(self.dataset, self.bundle.catalogue)

    @cached_property
    def likes(self) -> NDArray[np.int64]:
        """Return how many people of the training part like each film, int64[films]."""
        events = self.dataset.events
        return np.bincount(events.film[liked(events)], minlength=len(self.dataset.films))

    @cached_property
    def ranks(self) -> NDArray[np.int32]:
        """Return the popularity rank of each film by likes, 1 for the most liked; ties by row, best known first."""
        return popularity_ranks(self.likes)

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """Return the hash of each film, by row."""
        return self.bundle.catalogue.film_hashes()


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """Makes workbenches under ``folder``. ``vectors``: item id -> unit vector, empty without an encoder. ``queries``:
    the encoder of queries, None for ``encoder``.
    """

    folder: Path
    params: TrainParams
    weights: Weights
    encoder: TextEncoder | None
    vectors: dict[str, NDArray[np.float32]]
    progress: Progress
    queries: TextEncoder | None = None

    @contextmanager
    def temporary(self) -> Iterator["Workshop"]:
        """Yield a workshop whose bundles are deleted afterwards."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            yield replace(self, folder=Path(folder))

    def make(self, training: Dataset) -> Workbench:
        """Train a model, write its bundle and reopen it. Raises TrainingError, BundleError."""
        dataset = arranged(training)
        catalogue = build_catalogue(dataset.films, dataset.events)
        vectors, encoder_id = self._vectors(dataset), self.encoder.encoder_id if self.encoder else ""
        embeddings = None if vectors is None else Embeddings.quantise(vectors, encoder_id)
        model = train(dataset, catalogue, self.params, embeddings, self.progress)
        self.progress.advance("writing the bundle", 0, 1)
        bundle = bundle_of(model, catalogue, embeddings, dataset.sources, self.weights)
        path = save(bundle, self.folder)
        self.progress.advance("writing the bundle", 1, 1)
        reopened = open_bundle(path)
        release = Release(reopened, EmbeddedSearch(reopened, text_index_of(path)))
        return Workbench(dataset, Pipeline(release, self.queries or self.encoder), model.params)

    def _vectors(self, dataset: Dataset) -> NDArray[np.float32] | None:
        if self.encoder is None:
            return None
        return np.stack([self.vectors[film.item_id] for film in dataset.films])
