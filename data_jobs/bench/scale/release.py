"""Build the release of a made-up catalogue: all steps of a build except reading files and embedding texts.

Run as ``python -m data_jobs.bench.scale.release HOME FILMS [train]``, in a process of its own so that its peak memory
is that of the build; prints its figures as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data_jobs.bench.scale.films import made_up_films
from data_jobs.bench.scale.ratings import DataSize, made_up_ratings
from data_jobs.bench.scale.tables import made_up_model
from data_jobs.bench.scale.training import cpu_s, peak_bytes
from data_jobs.bench.scale.vectors import clustered_embeddings
from data_jobs.bench.world import PARAMS
from data_jobs.bundle import bundle_of, save
from data_jobs.catalogue import arranged, build_catalogue, welcomes
from data_jobs.nearest import searchable
from data_jobs.records import Dataset, Events
from data_jobs.report import Silent
from data_jobs.train import train
from services.adapters.bundle.local import LocalBundles
from services.adapters.embed.onnx import DIMS, MINILM
from services.recommender.domain.history import EventKind

SOURCE = "made-up films"
# Most films of a large catalogue have no ratings, so from some size on the ratings stop growing with the films.
RATINGS_PER_FILM, MOST_RATINGS, RATINGS_PER_PERSON = 100, 2_000_000, 160

Seconds = dict[str, float]


def build_release(home: Path, films: int, trained: bool) -> dict[str, Any]:
    """Build and activate a release of ``films`` films under ``home``; return ``{films, ratings, cpu: {step: seconds},
    wall_s, bundle_mb, peak_mb}``. ``trained`` False: random tables in the shape of trained ones.

    Raises TrainingError, BundleError.
    """
    start, cpu = time.monotonic(), Seconds()
    dataset = _dataset(films)
    with _record_cpu(cpu, "catalogue"):
        dataset = arranged(dataset)
        catalogue = build_catalogue(dataset.films, dataset.events)
    embeddings = clustered_embeddings(films, DIMS, MINILM.encoder_id)
    with _record_cpu(cpu, "vectors"):
        embeddings, nearest = searchable(embeddings, Silent())
    if trained:
        with _record_cpu(cpu, "train"):
            model = train(dataset, catalogue, PARAMS, embeddings)
    else:
        model = made_up_model(welcomes(films, dataset.events), catalogue.votes, PARAMS)
    ratings = len(dataset.events)
    bundle = bundle_of(model, catalogue, embeddings, (SOURCE,), nearest=nearest)
    with _record_cpu(cpu, "write"):
        path = save(bundle, home)
        LocalBundles(home).activate(path.name)
    return {
        "films": films,
        "ratings": ratings,
        "cpu": cpu,
        "wall_s": round(time.monotonic() - start, 1),
        "bundle_mb": round(sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6, 1),
        "peak_mb": round(peak_bytes() / 1e6, 1),
    }


def _dataset(films: int) -> Dataset:
    ratings = min(films * RATINGS_PER_FILM, MOST_RATINGS)
    shape = DataSize(ratings, max(1, ratings // RATINGS_PER_PERSON), films)
    return Dataset(tuple(made_up_films(films)), _events(shape), (SOURCE,))


def _events(shape: DataSize) -> Events:
    frame = pl.concat(made_up_ratings(shape, np.random.default_rng(1))).sort("user", "ts", "film")
    return Events(
        user_ids=tuple(f"person-{number}" for number in range(1, shape.people + 1)),
        user=(frame["user"].to_numpy() - 1).astype(np.int32),
        film=(frame["film"].to_numpy() - 1).astype(np.int32),
        kind=np.full(len(frame), EventKind.RATING, np.uint8),
        value=frame["stars"].to_numpy().astype(np.float32),
        ts_ms=frame["ts"].to_numpy().astype(np.int64) * 1_000,
    )


@contextmanager
def _record_cpu(cpu: Seconds, step: str) -> Iterator[None]:
    """Record the CPU seconds of a step, including its child processes."""
    start = cpu_s()
    yield
    cpu[step] = round(cpu_s() - start, 1)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(build_release(Path(sys.argv[1]), int(sys.argv[2]), "train" in sys.argv[3:])) + "\n")
