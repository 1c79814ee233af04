"""Handlers of the model's endpoint: load the archive once per container, then return the best films for a history.

They implement the SageMaker PyTorch inference toolkit. A request is ``{"history": [[item_id, weight], ...], "k": 200,
"exclude": [item_id, ...], "person": mark}``; the response is ``{"model_version": ..., "item_ids": [...], "scores":
[...]}``, best first. Unknown films and people are ignored. Without a model, as in an archive before the first release,
the response has no films.

Source: SageMaker Python SDK documentation, "Deploy PyTorch models: The SageMaker PyTorch model server".
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from towers import TwoTower, load

MOST_FILMS = 1_000
JSON = "application/json"


@dataclass
class Served:
    """The model and the archive's data. ``items`` float32[films, dims + 1], computed once. ``in_history``: by film,
    whether it was in any history in training.
    """

    version: str = ""
    model: TwoTower | None = None
    item_ids: list[str] = field(default_factory=list)
    row: dict[str, int] = field(default_factory=dict)
    person: dict[str, int] = field(default_factory=dict)
    items: torch.Tensor = field(default_factory=lambda: torch.zeros(0, 1))
    in_history: list[bool] = field(default_factory=list)


def model_fn(model_dir: str, context: object = None) -> Served:  # noqa: ARG001 - the toolkit's signature
    """Load the model of the unpacked archive and compute every film's vector."""
    folder = Path(model_dir)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    if not manifest["model_version"]:
        return Served()
    model = load(torch.load(folder / "model.pth", map_location="cpu", weights_only=True))
    item_ids = json.loads((folder / "item_encoder.json").read_text("utf-8"))
    people = json.loads((folder / "user_encoder.json").read_text("utf-8"))
    content = torch.from_numpy(np.load(folder / "content.npy", allow_pickle=False))
    is_known = torch.from_numpy(np.load(folder / "known.npy", allow_pickle=False))
    with torch.no_grad():
        items = model.served_items(content, is_known.float())
        in_history = model.history.weight.any(dim=1).tolist()
    return Served(
        manifest["model_version"], model, item_ids, {item_id: row for row, item_id in enumerate(item_ids)},
        {mark: number for number, mark in enumerate(people)}, items, in_history,
    )  # fmt: skip


def transform_fn(served: Served, body: str | bytes, content_type: str, accept: str) -> tuple[str, str]:  # noqa: ARG001
    """Answer one request. Raises ValueError for a malformed one."""
    if content_type.split(";")[0].strip() != JSON:
        raise ValueError(f"content type {content_type!r}: expected {JSON}")
    request = json.loads(body)
    item_ids, scores = _best(served, request) if served.model is not None else ([], [])
    answer = {"model_version": served.version, "item_ids": item_ids, "scores": scores}
    return json.dumps(answer, separators=(",", ":")), JSON


def _best(served: Served, request: dict[str, Any]) -> tuple[list[str], list[float]]:
    """Return ids and scores of the best films that are neither in the history nor excluded."""
    count = int(request.get("k", 200))
    if not 1 <= count <= MOST_FILMS:
        raise ValueError(f"k = {count}: expected 1 to {MOST_FILMS}")
    history = [(served.row[film], float(weight)) for film, weight in request["history"] if film in served.row]
    excluded = [served.row[film] for film in request.get("exclude", ()) if film in served.row]
    scores = _scores(served, history, served.person.get(str(request.get("person", ""))))
    scores[[row for row, _ in history] + excluded] = float("-inf")
    best = torch.topk(scores, min(count, len(scores)))
    results = [(served.item_ids[row], score) for score, row in zip(*(column.tolist() for column in best), strict=True)
             if score > float("-inf")]  # fmt: skip
    return [item_id for item_id, _ in results], [score for _, score in results]


def _scores(served: Served, history: list[tuple[int, float]], person: int | None) -> torch.Tensor:
    """Return the scores, float32[films]; ``person``: their number, None for an unknown person."""
    model = served.model
    if model is None:
        raise ValueError("there is no model")
    informative = [(row, weight) for row, weight in history if served.in_history[row]]
    films = torch.tensor([row for row, _ in informative], dtype=torch.int64)
    weights = torch.tensor([weight for _, weight in informative], dtype=torch.float32)
    with torch.no_grad():
        pooled = model.pooled(films, torch.zeros(1, dtype=torch.int64), weights)
        number = torch.tensor([model.unknown_person if person is None else person])
        vector = model.person_vectors(pooled, weights.sum()[None], number)
        return served.items @ torch.cat([vector[0], torch.ones(1)])
