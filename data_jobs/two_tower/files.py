"""Files of a training in ``MARQUEE_HOME/two_tower``: the archive, the arrays for numpy, and the report."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_jobs.report import DataError
from data_jobs.two_tower.archive import ARCHIVE, write_archive
from data_jobs.two_tower.curve import draw_curve
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.profile import mark_of
from services.recommender.domain.two_tower_model import TwoTowerModel

if TYPE_CHECKING:
    from data_jobs.two_tower.features import Features
    from data_jobs.two_tower.training import Trained

FOLDER = "two_tower"
ARRAYS, REPORT, CURVE = "two_tower.npz", "report.json", "curve.svg"
_LAYERS = ("inner", "inner_bias", "outer", "outer_bias")


@dataclass(frozen=True, slots=True, eq=False)
class TowerFile:
    """A model's arrays for the films it was trained on; ``version``: "towers-" and eight hex digits."""

    version: str
    item_ids: tuple[str, ...]
    towers: TwoTowerModel

    def on(self, catalogue: Catalogue) -> TwoTowerModel:
        """Return the model on the rows of a catalogue; all 0 for films it does not know."""
        rows = catalogue.rows_of(self.item_ids)
        is_known = rows >= 0

        def place(values: NDArray[np.float32]) -> NDArray[np.float32]:
            on_rows = np.zeros((len(catalogue), values.shape[1]), np.float32)
            on_rows[rows[is_known]] = values[is_known]
            return on_rows

        towers = self.towers
        layers = (getattr(towers, name) for name in _LAYERS)
        return TwoTowerModel(place(towers.items), place(towers.history), *layers)


def exported(trained: "Trained", item_ids: Sequence[str]) -> TowerFile:
    """Return the model's arrays, converted from PyTorch. Films without likes are described by their content alone."""
    model = trained.model
    first, last = model.person[0], model.person[2]
    history = np.array(model.history.weight.detach().numpy(), np.float32)
    layers = (first.weight.T, first.bias, last.weight.T, last.bias)
    arrays = [np.ascontiguousarray(layer.detach().numpy(), np.float32) for layer in layers]
    towers = TwoTowerModel(trained.items, history, *arrays)
    digest = hashlib.sha256("\n".join(item_ids).encode())
    for name in ("items", "history", *_LAYERS):
        digest.update(np.ascontiguousarray(getattr(towers, name)).data)
    return TowerFile(f"towers-{digest.hexdigest()[:8]}", tuple(item_ids), towers)


def write_all(
    trained: "Trained", features: "Features", item_ids: Sequence[str], user_ids: Sequence[str], folder: Path
) -> TowerFile:
    """Write the archive, the arrays, the report and the curve. Return the arrays."""
    towers = exported(trained, item_ids)
    folder.mkdir(parents=True, exist_ok=True)
    _write_arrays(towers, folder / ARRAYS)
    report = report_of(trained, towers)
    (folder / REPORT).write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    (folder / CURVE).write_text(draw_curve(trained.curve), "utf-8")
    manifest = {"model_version": towers.version, "features": list(features.names), "report": report}
    write_archive(folder / ARCHIVE, _archive_files(trained, features, item_ids, user_ids), manifest)
    return towers


def report_of(trained: "Trained", towers: TowerFile) -> dict[str, Any]:
    """Return the report: parameters, the curve, and the best epoch."""
    curve = trained.curve
    return {
        "model_version": towers.version,
        "params": trained.params.to_json(),
        "films": len(towers.item_ids),
        "films_known": int(trained.is_known.sum()),
        "best": asdict(curve.best),
        "judged": [asdict(epoch) for epoch in curve.judged],
        "whole": [{"number": epoch.number, "loss": epoch.loss} for epoch in curve.whole],
    }


def read_towers(folder: Path) -> TowerFile:
    """Return the arrays of the last training. Raises DataError if there is none or it cannot be read."""
    path = folder / ARRAYS
    if not path.is_file():
        raise DataError(f"{path}: there is no two-tower model; train one with `marquee train two-tower` first")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            towers = TwoTowerModel(*(arrays[name] for name in ("items", "history", *_LAYERS)))
            return TowerFile(str(arrays["version"]), tuple(arrays["item_ids"].tolist()), towers)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: can't be read ({error}); train it again with `marquee train two-tower`") from error


def _write_arrays(model: TowerFile, path: Path) -> None:
    arrays = {name: getattr(model.towers, name) for name in ("items", "history", *_LAYERS)}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, version=np.array(model.version), item_ids=np.array(model.item_ids, np.str_), **arrays)
    part.replace(path)


def _archive_files(
    trained: "Trained", features: "Features", item_ids: Sequence[str], user_ids: Sequence[str]
) -> dict[str, bytes]:
    """Return the archive's files except its code. People are listed by their marks, not their ids, and only if the
    model has embeddings of them.
    """
    import torch

    model = io.BytesIO()
    torch.save({"shape": trained.model.shape, "state": trained.model.state_dict()}, model)
    people = [mark_of(user_id) for user_id in user_ids] if trained.params.person_ids else []
    return {
        "model.pth": model.getvalue(),
        "item_encoder.json": json.dumps(list(item_ids)).encode(),
        "user_encoder.json": json.dumps(people).encode(),
        "content.npy": _npy(features.values),
        "known.npy": _npy(trained.is_known),
    }


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
