"""The release to measure: the active bundle, or one built for the bench and kept for the next run."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_jobs.bench.catalogues import SEED, WATCHED_FILMS, Filling, read_dataset
from data_jobs.build import Order, fingerprint
from data_jobs.bundle import bundle_of, save
from data_jobs.catalogue import build_catalogue
from data_jobs.embed_items import embed_films
from data_jobs.nearest import searchable
from data_jobs.records import Dataset
from data_jobs.report import Progress
from data_jobs.train import TrainParams, train
from data_jobs.validate import Source
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.reader import file_sha256, open_bundle
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.genres import GENRES
from services.recommender.domain.weights import Weights
from services.recommender.errors import BundleError
from services.recommender.ports import Release, TextEncoder

# Choosing lambda takes minutes and does not affect the times measured.
PARAMS = TrainParams(ridge=80.0)
SIMULATED_VECTORS = "simulated vectors"
DIMS = 384
VECTORS_SEED = 5
# Films of the same genre have a cosine of about .6, films without a common genre about 0.
_SPREAD = 0.8
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class FixedRelease:
    """One release that never changes."""

    release: Release

    def current(self) -> Release:
        """Return the release."""
        return self.release


@dataclass(frozen=True, slots=True)
class World:
    """The data to measure: by default the active bundle, else the sample. ``encoder`` None: no vectors."""

    source: Source | None = None
    filling: Filling | None = None
    real_text: bool = False
    encoder: TextEncoder | None = None

    @property
    def is_specified(self) -> bool:
        """Whether data was specified, so that the active bundle is not used."""
        return self.source is not None or self.filling is not None or self.real_text

    def fingerprint(self) -> str:
        """Return a hash over everything that the bench bundle is made from."""
        inputs = {
            "format": _FORMAT,
            "data": fingerprint(Order(Path(), self.source, self.encoder)),
            "films": self.filling.films if self.filling else None,
            "metadata": file_sha256(self.filling.metadata) if self.filling else None,
            "real_text": self.real_text,
            "viewers": [self.filling.viewers, WATCHED_FILMS, SEED] if self.filling else None,
            "params": asdict(PARAMS),
            "weights": Weights().to_json(),
        }
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def find_bundle(home: Path, world: World, progress: Progress) -> Path:
    """Return the folder of the bundle to measure, built under ``home/bench`` if it is not there yet.

    Raises DataError, EncoderUnavailable, BundleError.
    """
    if not world.is_specified:
        try:
            return _opened(home)
        except BundleError:
            pass  # nothing is active, or it cannot be served: fall back to the sample
    bench_home = home / "bench" / world.fingerprint()
    try:
        return _opened(bench_home)
    except BundleError:
        return _build(home, bench_home, world, progress)


def _opened(home: Path) -> Path:
    """Open the active bundle of a home and return its folder. Raises BundleError."""
    path = LocalBundles(home).current_path()
    open_bundle(path)
    return path


def _build(home: Path, bench_home: Path, world: World, progress: Progress) -> Path:
    dataset = read_dataset(world.source, world.filling, progress)
    catalogue = build_catalogue(dataset.films, dataset.events)
    vectors = _vectors(home, world, dataset, catalogue, progress)
    encoder_id = world.encoder.encoder_id if world.encoder else ""
    embeddings = nearest = None
    if vectors is not None:
        embeddings, nearest = searchable(Embeddings.quantise(vectors, encoder_id), progress)
    model = train(dataset, catalogue, PARAMS, embeddings, progress)
    simulated = () if vectors is None or world.real_text else (SIMULATED_VECTORS,)
    bundle = bundle_of(model, catalogue, embeddings, (*dataset.sources, *simulated), nearest=nearest)
    progress.advance("writing the bundle", 0, 1)
    path = save(bundle, bench_home, {"training": dict(model.figures)})
    LocalBundles(bench_home).activate(path.name)
    progress.advance("writing the bundle", 1, 1)
    return path


def _vectors(
    home: Path, world: World, dataset: Dataset, catalogue: Catalogue, progress: Progress
) -> NDArray[np.float32] | None:
    """Return vectors float32[films, dims], real or simulated; None without an encoder."""
    if world.encoder is None:
        return None
    if not world.real_text:
        return simulated_vectors(catalogue.genre_bits, world.encoder.dims)

    def report(done: int, total: int) -> None:
        progress.advance("embedding texts", done, total)

    return embed_films(dataset.films, world.encoder, home / "cache" / "vectors", report)


def simulated_vectors(
    genre_bits: NDArray[np.uint32], dims: int = DIMS, seed: int = VECTORS_SEED
) -> NDArray[np.float32]:
    """Return film vectors that are quick to make, float32[films, dims], unit length: seeded noise around genre centres,
    so that films that share genres are close. ``genre_bits``: see Catalogue. Scoring time depends only on their number
    and length, so timings are realistic; the search results are meaningless.
    """
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((len(GENRES), dims), np.float32)
    bits = (genre_bits[:, None] >> np.arange(len(GENRES), dtype=np.uint32)) & np.uint32(1)
    weights = bits.astype(np.float32) / np.sqrt(np.maximum(bits.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    vectors = weights @ centres
    vectors += np.float32(_SPREAD) * rng.standard_normal(vectors.shape, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors, np.float32)
