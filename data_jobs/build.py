"""Build a bundle from files: validate, items, vectors, training, text index, bundle; all or nothing."""

import hashlib
import json
import time
import tomllib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_jobs.adjust import join_log, leave_out, rows_by_id
from data_jobs.bundle import bundle_of, save
from data_jobs.catalogue import arranged, build_catalogue
from data_jobs.embed_items import EMBEDDINGS_FILE, EmbeddingOptions, embed_films, read_embeddings, write_embeddings
from data_jobs.items import write_items
from data_jobs.nearest import searchable
from data_jobs.records import Dataset
from data_jobs.report import DataError, Progress, Report
from data_jobs.sample.load import load_sample, sample_files
from data_jobs.train import TrainedModel, TrainParams, train
from data_jobs.train.counted import CountedFilms, CountedLog
from data_jobs.train.svd import write_svd
from data_jobs.two_tower.files import FOLDER, read_towers
from data_jobs.validate import Source, load
from services.adapters.bundle.local import LocalBundles
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.two_tower_model import TwoTowerModel
from services.recommender.domain.weights import Weights
from services.recommender.ports import LoggedEvent, TextEncoder


@dataclass(frozen=True, slots=True)
class Order:
    """What to build. ``source`` None: the sample catalogue. ``log`` None: without people's feedback; ``erased``: see
    ``join_log``. ``embedding_options``: how texts are embedded. ``params``: a JSON file
    ``{"train": {...}, "weights": {...}}``. ``svd_k``: SVD factors, overriding ``params``. ``two_tower``: include the
    two-tower model trained last. ``gram``: a result folder of ``data_jobs.spark.gram_job``, whose counts replace the
    events of the files.
    """

    home: Path
    source: Source | None = None
    encoder: TextEncoder | None = None
    holdout: Path | None = None
    log: Iterable[LoggedEvent] | None = None
    erased: Collection[str] = ()
    params: Path | None = None
    svd_k: int | None = None
    two_tower: bool = False
    gram: Path | None = None
    embedding_options: EmbeddingOptions = field(default_factory=EmbeddingOptions)
    activate: bool = True
    force: bool = False


@dataclass(slots=True)
class Built:
    """The result of a build from ``source``. ``seconds`` by step; ``dataset``: the training data, best known films
    first; ``people`` and ``events``: numbers trained on; ``counted``: whether they were counted elsewhere, and
    ``dataset`` has only a sample of them.
    """

    path: Path
    source: Source | None
    dataset: Dataset
    report: Report
    activated: bool
    people: int
    events: int
    counted: bool
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        """Return the bundle's content hash."""
        return self.path.name

    @property
    def size(self) -> int:
        """Return the bytes on disk."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())


def build(order: Order, progress: Progress) -> Built:
    """Build a bundle. Raises DataError, EncoderUnavailable, BundleError, and then leaves no new bundle."""
    seconds: dict[str, float] = {}
    notes: list[str] = []
    params, weights = read_params(order.params)
    if order.svd_k is not None:
        params = replace(params, svd_k=order.svd_k)
    log = None if order.gram is None else CountedLog.read(order.gram)
    with _timed(seconds, "validate"):
        dataset, report = read(order, progress, notes) if log is None else read_counted(order, log, params, progress)
    counted = None if log is None else log.on(rows_by_id(dataset), len(dataset.films))
    catalogue = build_catalogue(dataset.films, dataset.events, None if counted is None else counted.welcomes)
    features = order.home / "features"
    towers = _towers(order, catalogue, notes)
    with _timed(seconds, "items"):
        write_items(dataset.films, features)
    with _timed(seconds, "embed"):
        vectors = embed(order, dataset, features, progress)
        embeddings = nearest = None
        if vectors is not None and order.encoder is not None:
            embeddings, nearest = searchable(Embeddings.quantise(vectors, order.encoder.encoder_id), progress)
    with _timed(seconds, "train"):
        model = train(dataset, catalogue, params, embeddings, progress, counted)
        write_svd(model.svd, list(catalogue.item_ids), features)
    if counted is not None:
        notes += notes_of(counted)
    elif params.svd_k and model.svd is None:
        notes.append('no ratings differ: no SVD was made, and the preset "svd" is not available')
    with _timed(seconds, "bundle"):
        progress.advance("writing the bundle", 0, 1)
        bundle = bundle_of(model, catalogue, embeddings, dataset.sources, weights, towers, nearest)
        path = save(bundle, order.home, _extra(order, model))
        if order.activate:
            LocalBundles(order.home).activate(path.name)
        progress.advance("writing the bundle", 1, 1)
    counts = model.figures["people"], model.figures["interactions"]
    return Built(path, order.source, dataset, report, order.activate, *counts, counted is not None, seconds, notes)


def read(order: Order, progress: Progress, notes: list[str]) -> tuple[Dataset, Report]:
    """Return the data to train on: checked, with feedback, without the holdout. Raises DataError."""
    dataset, report = _load(order.source, progress)
    if not order.force:
        report.refuse_if_bad()
    if order.log is not None:
        joined = join_log(dataset, order.log, order.erased)
        dataset = joined.dataset
        notes.append(f"{joined.events:,} events of the state store joined in")
        if joined.unknown:
            notes.append(f"{joined.unknown:,} events left out: their films are not in the catalogue")
        if joined.erased:
            notes.append(f"{joined.erased:,} erased people left out")
    if order.holdout is not None:
        before = len(dataset.events)
        dataset = leave_out(dataset, order.holdout, report)
        notes.append(f"{before - len(dataset.events):,} events of {order.holdout.name} held out")
    return arranged(dataset), report


def read_counted(order: Order, log: CountedLog, params: TrainParams, progress: Progress) -> tuple[Dataset, Report]:
    """Return the films with the events of the log's sample. Raises DataError."""
    log.require(params)
    if order.source is None or order.holdout is not None or order.log is not None:
        raise DataError("counted events need the catalogue they are of, and do not go with a holdout or feedback")
    films, report = load(replace(order.source, films_only=True), progress)
    if not order.force:
        report.refuse_if_bad()
    row_of = rows_by_id(films)
    dataset = replace(films, events=log.sample_events(row_of), sources=(*films.sources, log.folder.name))
    return arranged(dataset, log.on(row_of, len(films.films)).welcomes), report


def notes_of(counted: CountedFilms) -> list[str]:
    """Return notes on events that were counted elsewhere."""
    about = counted.log.about
    notes = [f"{about['events']:,} events of {about['people']:,} people were counted by gram_job.py"]
    notes += [f"gram_job.py left out {count:,} events: {name}" for name, count in about["left_out"].items()]
    if counted.missing:
        notes.append(f"{counted.missing:,} of its films are not in the catalogue")
    return [*notes, 'no SVD and no latent factors are made of counts: the preset "svd" is not available']


def _load(source: Source | None, progress: Progress) -> tuple[Dataset, Report]:
    return load_sample(progress) if source is None else load(source, progress)


def embed(
    order: Order, dataset: Dataset, features: Path, progress: Progress, made: Path | None = None
) -> NDArray[np.float32] | None:
    """Return vectors float32[films, dims], also written to ``features``; None without an encoder. ``made``: a file with
    vectors of an earlier run; None: the one in ``features``. Raises EncoderUnavailable.
    """
    if order.encoder is None:
        return None

    def on_progress(done: int, total: int) -> None:
        progress.advance("embedding texts", done, total)

    earlier = read_embeddings(made or features / EMBEDDINGS_FILE, order.encoder)
    options = replace(order.embedding_options, made={**earlier, **order.embedding_options.made})
    vectors = embed_films(dataset.films, order.encoder, order.home / "cache" / "vectors", on_progress, options=options)
    write_embeddings(dataset.films, vectors, features, order.encoder.encoder_id)
    return vectors


def _towers(order: Order, catalogue: Catalogue, notes: list[str]) -> TwoTowerModel | None:
    """Return the two-tower model on the catalogue. Raises DataError if one is requested and none was trained."""
    if not order.two_tower:
        return None
    model = read_towers(order.home / FOLDER)
    towers = model.on(catalogue)
    notes.append(f"{model.version} knows {int(towers.is_known.sum()):,} of the {len(catalogue):,} films")
    return towers


def _extra(order: Order, model: TrainedModel) -> dict[str, Any]:
    """Return the manifest's entries about the build, with the mark of a holdout, so that a comparison can detect it."""
    held_out = {} if order.holdout is None else {"holdout": holdout_mark(order.holdout)}
    made_from = {"inputs": fingerprint(order), "params": model.params.to_json(), "training": dict(model.figures)}
    return made_from | held_out


def holdout_mark(path: Path) -> str:
    """Return a hash of a holdout's file: 16 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def read_params(path: Path | None) -> tuple[TrainParams, Weights]:
    """Return training parameters and ranking weights from a JSON or TOML file, with defaults for what it leaves out.
    Raises DataError.
    """
    if path is None:
        return TrainParams(), Weights()
    try:
        document = tomllib.loads(path.read_text("utf-8")) if path.suffix == ".toml" else json.loads(path.read_bytes())
        if not isinstance(document, dict) or set(document) - {"train", "weights"}:
            raise ValueError('expected {"train": {...}, "weights": {...}}')
        return TrainParams.from_json(document.get("train", {})), Weights.from_json(document.get("weights", {}))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not usable as parameters: {error}") from error


def fingerprint(order: Order) -> str:
    """Return a hash of everything a bundle is made from, so that `make run` knows whether to rebuild."""
    read_as = [] if order.source is None else [*order.source.maps.items(), order.source.scale or 0]
    inputs = [order.encoder.encoder_id if order.encoder else None, *read_as]
    inputs += [] if order.svd_k is None else [("svd_k", str(order.svd_k))]
    inputs += [] if order.gram is None else [("gram", json.dumps(CountedLog.read(order.gram).about))]
    inputs += [("two_tower", read_towers(order.home / FOLDER).version)] if order.two_tower else []
    digest = hashlib.sha256(json.dumps(inputs).encode())
    for path in [*_files(order.source), *(each for each in (order.holdout, order.params) if each)]:
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _files(source: Source | None) -> list[Path]:
    if source is None:
        return sample_files()
    files = []
    for path in source.named:
        files += sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    return files


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[step] = round(time.monotonic() - started, 2)
