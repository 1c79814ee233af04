"""The sides of a comparison: what a name on the command line stands for, and the pipeline that ranks for it."""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from data_jobs.build import holdout_mark, read_params
from data_jobs.evaluate.evaluation import EvaluationOrder
from data_jobs.evaluate.held_out_people import on_rows_of
from data_jobs.evaluate.split import Holdout
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.report import DataError
from data_jobs.train import TrainParams
from services.adapters.bundle.layout import MANIFEST
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.manifest import Manifest
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.domain.request import Preset
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Release

ACTIVE, BASELINE = "active", "playbook"
_VERSION = re.compile(r"[0-9a-f]{16}")
PRESETS = (Preset.DEFAULT, Preset.SVD)
ACCEPTED = (
    "a preset (default, playbook, svd), a file of weights (.json or .toml), or a bundle (active, a version from "
    "`marquee bundle list`, a folder)"
)


class SideKind(StrEnum):
    """Kind of a side of a comparison."""

    PRESET = "preset"
    WEIGHTS = "weights"
    BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class NamedSide:
    """A side before training, with its parameters. ``path``: the folder of a bundle."""

    name: str
    kind: SideKind
    params: TrainParams
    weights: Weights
    preset: Preset = Preset.DEFAULT
    path: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A side with its pipeline. ``name``: short and distinct, for tables."""

    name: str
    kind: SideKind
    preset: Preset
    bench: Workbench


def named(name: str, order: EvaluationOrder) -> NamedSide:
    """Return the side that a name stands for, before training. Raises DataError, BundleError."""
    params, weights = read_params(order.params)
    if name == BASELINE:
        return NamedSide(name, SideKind.PRESET, params, replace(weights, formula=BASELINE))
    if name in PRESETS:
        return NamedSide(name, SideKind.PRESET, params, weights, Preset(name))
    path = Path(name)
    if path.is_file():
        own, weights = read_params(path)
        return NamedSide(path.stem, SideKind.WEIGHTS, params if own == TrainParams() else own, weights)
    bundles = LocalBundles(order.home)
    if name == ACTIVE:
        path = bundles.current_path()
    elif _VERSION.fullmatch(name):
        path = bundles.path(name)
    if not (path / MANIFEST).is_file():
        raise DataError(f"--compare {name}: expected {ACCEPTED}")
    _trained_without(path, order)
    return NamedSide(path.name, SideKind.BUNDLE, params, weights, path=path)


def _trained_without(path: Path, order: EvaluationOrder) -> None:
    """Refuse a bundle that may have been trained on the hidden likes. Raises DataError, BundleError."""
    if order.holdout is None:
        raise DataError(
            f"--compare: {path.name} is a bundle, so give --holdout FILE with the likes left out when it was built "
            "(`marquee build --holdout FILE --no-activate`)"
        )
    if Manifest.load(path).extra.get("holdout") != holdout_mark(order.holdout):
        raise DataError(
            f"--compare: {path.name} was not built with --holdout {order.holdout.name}, so it may have been trained "
            f"on the hidden likes; run `marquee build --holdout {order.holdout.name} --no-activate` and compare that"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Makes sides; models with the same parameters are trained once."""

    workshop: Workshop
    holdout: Holdout
    _benches: dict[TrainParams, Workbench] = field(default_factory=dict)

    def make(self, named: NamedSide) -> Side:
        """Return a side with its pipeline. Raises DataError, TrainingError, BundleError."""
        return Side(named.name, named.kind, named.preset, self._bench(named))

    def _bench(self, named: NamedSide) -> Workbench:
        if named.path is not None:
            return self._opened(named.path)
        if named.params not in self._benches:
            self._benches[named.params] = replace(self.workshop, params=named.params).make(self.holdout.training)
        bench = self._benches[named.params]
        if bench.pipeline.constants == named.weights:
            return bench
        return replace(bench, pipeline=Pipeline(bench.release, bench.pipeline.encoder, named.weights))

    def _opened(self, path: Path) -> Workbench:
        """Return a bundle with the people of the training part. Raises DataError if it has other films."""
        bundle = open_bundle(path, verify=True)
        films = self.holdout.training.films
        missing = int((bundle.catalogue.rows_of(film.item_id for film in films) < 0).sum())
        if missing or len(films) != len(bundle.catalogue):
            raise DataError(
                f"--compare: bundle {path.name} has {len(bundle.catalogue):,} films and lacks {missing:,} of the "
                f"{len(films):,} of this data; give the data that it was built from"
            )
        release = Release(bundle, EmbeddedSearch(bundle, text_index_of(path)))
        dataset = on_rows_of(bundle.catalogue, self.holdout.training)
        return Workbench(dataset, Pipeline(release, None), self.workshop.params)
