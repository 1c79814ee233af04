"""Strong generalisation, the protocol that papers on MovieLens-20M report: people are held out whole.

Ratings of 4 stars or more are likes, and all else is nothing. Of the people with five likes or more, a tenth, at most
10,000, chooses lambda, and as many are measured; the others train. Of each held-out person, four fifths of the likes
on films of the training part are folded in, and the rest is to be found among all films but those. Recall@k is hits /
min(k, likes to be found), NDCG@100 binary.

Sources: D. Liang, R. G. Krishnan, M. D. Hoffman and T. Jebara, "Variational autoencoders for collaborative filtering",
WWW 2018 (the protocol; WMF, SLIM, CDAE, Mult-DAE, Mult-VAE); H. Steck, "Embarrassingly shallow autoencoders for sparse
data", WWW 2019 (popularity, EASE).
"""

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.build import read_params
from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import PIPELINE, EvaluationOrder
from data_jobs.evaluate.held_out_people import People, on_rows_of
from data_jobs.evaluate.inputs import read_data, vectors_of
from data_jobs.evaluate.outcome import Figure, Outcome, Table
from data_jobs.evaluate.ranking_models import PipelineModel
from data_jobs.evaluate.split import liked, without
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import DataError, Progress
from data_jobs.train.ease import Inverse, PrimalSolver
from data_jobs.train.gram import design
from data_jobs.train.model import most_liked

MIN_LIKES = 5
MOST_PEOPLE, PEOPLE_SHARE, HIDDEN_SHARE = 10_000, 0.1, 0.2
FILMS = 20_000
"""Films that plain EASE ranks, as many as ML-20M has with a like: a square of more takes more than 1.6 GB."""
GRID = (100.0, 200.0, 500.0, 1_000.0)
DEPTH = 100
CUTS = (20, 50)
_BATCH = 500
METRICS = ("Recall@20", "Recall@50", "NDCG@100")
PUBLISHED: tuple[tuple[str, tuple[float, float, float]], ...] = (
    ("popularity (Steck 2019)", (0.162, 0.235, 0.191)),
    ("WMF (Liang 2018)", (0.360, 0.498, 0.386)),
    ("SLIM (Liang 2018)", (0.370, 0.495, 0.401)),
    ("CDAE (Liang 2018)", (0.391, 0.523, 0.418)),
    ("Mult-DAE (Liang 2018)", (0.387, 0.524, 0.419)),
    ("Mult-VAE (Liang 2018)", (0.395, 0.537, 0.426)),
    ("EASE (Steck 2019)", (0.391, 0.521, 0.420)),
)
"""On ML-20M: 116,677 people train, 10,000 are measured."""

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model's figures."""

    model: str
    recall_20: Estimate
    recall_50: Estimate
    ndcg_100: Estimate

    @property
    def estimates(self) -> tuple[Estimate, Estimate, Estimate]:
        """Return them in the order of ``METRICS``."""
        return self.recall_20, self.recall_50, self.ndcg_100


@dataclass(frozen=True, slots=True)
class StrongGeneralisation(Outcome):
    """``people`` trained on, ``measured`` people, ``films`` with a like in training; ``ease_ridge``: lambda chosen."""

    sources: tuple[str, ...]
    seed: int
    people: int
    measured: int
    films: int
    ease_ridge: float
    models: tuple[ModelRow, ...]

    def tables(self) -> Iterator[Table]:
        """Yield the models measured, and those published."""
        rows = [(each.model, *(f"{value}" for value in each.estimates)) for each in self.models]
        title = f"Strong generalisation: {self.people:,} people train, {self.measured:,} others are measured"
        note = f"plain EASE with lambda {self.ease_ridge:g}, chosen by other people, over at most {FILMS:,} films"
        yield Table(title, ("model", *METRICS), rows, (note,))
        published = [(name, *(f"{value:.3f}" for value in values)) for name, values in PUBLISHED]
        note = "for comparison only where the data is ML-20M; the standard error is .001 to .002"
        yield Table("Published for ML-20M", ("model", *METRICS), published, (note,))

    def figures(self) -> Iterator[Figure]:
        """Yield each model's figures."""
        for each in self.models:
            for metric, value in zip(METRICS, each.estimates, strict=True):
                yield each.model, metric, value


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPeople:
    """Some people: ``known`` and ``hidden`` float32[people, films], ones; ``events``: the indices of the known likes,
    and ``codes`` of the people.
    """

    codes: Rows
    known: sp.csr_matrix
    hidden: sp.csr_matrix
    events: list[Rows]


@dataclass(frozen=True, slots=True, eq=False)
class StrongSplit:
    """``likes`` float32[people, films] of the training part, ones; ``validation``, ``test``; ``held_out`` bool[people]:
    who does not train, and ``films`` with a like in training.
    """

    likes: sp.csr_matrix
    validation: HeldOutPeople
    test: HeldOutPeople
    held_out: NDArray[np.bool_]
    films: int


def split_people(dataset: Dataset, seed: int) -> StrongSplit:
    """Hold people out. Raises DataError if fewer than 20 have five likes."""
    events, people, films = dataset.events, len(dataset.events.user_ids), len(dataset.films)
    at = np.flatnonzero(liked(events))
    rng = np.random.default_rng(seed)
    able = rng.permutation(np.flatnonzero(np.bincount(events.user[at], minlength=people) >= MIN_LIKES))
    count = min(MOST_PEOPLE, int(len(able) * PEOPLE_SHARE))
    if count < 2:
        raise DataError(f"{len(able)} people have {MIN_LIKES} likes or more; whole people are held out of 20 and more")
    held_out = np.zeros(people, bool)
    held_out[able[: 2 * count]] = True
    trains = np.zeros(people, bool)
    trains[able[2 * count :]] = True
    mine = at[trains[events.user[at]]]
    likes = _ones(events.user[mine], events.film[mine], (people, films))
    known_films = np.bincount(events.film[mine], minlength=films) > 0
    at = at[known_films[events.film[at]]]
    validation, test = (_held_out(dataset, at, np.sort(able[start : start + count]), rng) for start in (0, count))
    return StrongSplit(likes[np.diff(likes.indptr) > 0], validation, test, held_out, int(known_films.sum()))


def _held_out(dataset: Dataset, at: Rows, people: Rows, rng: np.random.Generator) -> HeldOutPeople:
    """Return the people of whom enough is left on the films of the training part; ``at``: likes on those."""
    events, codes, known, hidden = dataset.events, [], [], []
    starts = np.searchsorted(events.user[at], np.stack([people, people + 1]))
    for code, start, stop in zip(people.tolist(), *starts.tolist(), strict=True):
        if stop - start < MIN_LIKES:
            continue
        own = rng.permutation(at[start:stop])
        cut = int(HIDDEN_SHARE * len(own))
        codes.append(code)
        hidden.append(own[:cut])
        known.append(np.sort(own[cut:]))
    shape = (len(codes), len(dataset.films))

    def marks(chosen: Sequence[Rows]) -> sp.csr_matrix:
        person = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
        films = events.film[np.concatenate([*chosen, np.zeros(0, np.intp)])]
        return _ones(person, films, shape)

    return HeldOutPeople(np.array(codes, np.intp), marks(known), marks(hidden), known)


def _ones(rows: NDArray[np.integer], columns: NDArray[np.integer], shape: tuple[int, int]) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)


def figures_of(best: NDArray[np.intp], hidden: sp.csr_matrix) -> NDArray[np.float64]:
    """Return Recall@20, Recall@50 and NDCG@100 of each person, float64[3, people]; ``best`` int[people, 100]: films,
    best first, -1 where a list ends.
    """
    wanted = np.diff(hidden.indptr)
    found = np.asarray(hidden[np.arange(len(best))[:, None], np.maximum(best, 0)].todense()) * (best >= 0)
    discount = 1 / np.log2(np.arange(2, DEPTH + 2))
    ideal = np.cumsum(discount)[np.minimum(wanted, DEPTH) - 1]
    recalls = [found[:, :cut].sum(axis=1) / np.minimum(wanted, cut) for cut in CUTS]
    return np.stack([*recalls, found @ discount[: best.shape[1]] / ideal])


def ranked(
    scores: Callable[[sp.csr_matrix], NDArray[np.float32]], people: HeldOutPeople, films: Rows
) -> NDArray[np.intp]:
    """Return everyone's best 100 of some films, without those folded in. ``scores``: float32[people, films] of known
    likes on these films.
    """
    best = np.full((len(people.codes), DEPTH), -1, np.intp)
    on_films = people.known[:, films]
    for start in range(0, len(best), _BATCH):
        known = on_films[start : start + _BATCH]
        values = scores(known)
        values[known.nonzero()] = -np.inf
        depth = min(DEPTH, len(films))
        top = np.argpartition(values, len(films) - depth, axis=1)[:, len(films) - depth :]
        order = np.argsort(-np.take_along_axis(values, top, axis=1), axis=1, kind="stable")
        top = np.take_along_axis(top, order, axis=1)
        ends = np.isneginf(np.take_along_axis(values, top, axis=1))
        best[start : start + _BATCH, :depth] = np.where(ends, -1, films[top])
    return best


def strong(order: EvaluationOrder, progress: Progress) -> StrongGeneralisation:
    """Measure popularity, plain EASE and the pipeline. Raises DataError, TrainingError, BundleError."""
    dataset, _ = read_data(order, progress)
    parts = split_people(dataset, order.seed)
    likes = np.asarray(parts.likes.sum(axis=0)).ravel()
    films = most_liked(likes.astype(np.int64), np.zeros(len(likes), np.int32), min(FILMS, parts.films)).astype(np.intp)
    popular = likes[films].astype(np.float32)
    results = {"popularity": ranked(lambda known: np.tile(popular, (known.shape[0], 1)), parts.test, films)}
    ridge, results["plain EASE"] = _ease(parts, films, progress)
    results[PIPELINE] = _served(order, dataset, parts, progress)
    rows = tuple(
        ModelRow(model, *(Estimate.of(values) for values in figures_of(best, parts.test.hidden)))
        for model, best in results.items()
    )
    people, measured = parts.likes.shape[0], len(parts.test.codes)
    return StrongGeneralisation(dataset.sources, order.seed, people, measured, parts.films, ridge, rows)


def _ease(parts: StrongSplit, films: Rows, progress: Progress) -> tuple[float, NDArray[np.intp]]:
    """Return lambda with the best NDCG@100 of the validated people, and the lists of those measured."""
    none = sp.csr_matrix((0, len(films)), dtype=np.float32)
    solver = PrimalSolver(design(parts.likes[:, films], none, 0.0, 0.0).gram())

    def lists(inverse: Inverse, people: HeldOutPeople) -> NDArray[np.intp]:
        return ranked(inverse.scores, people, films)

    worth = []
    for done, ridge in enumerate(GRID):
        progress.advance("choosing lambda of plain EASE", done, len(GRID))
        best = lists(solver.invert(ridge, 0.0), parts.validation)
        worth.append(float(figures_of(best, parts.validation.hidden)[2].mean()))
    progress.advance("choosing lambda of plain EASE", len(GRID), len(GRID))
    ridge = GRID[int(np.argmax(worth))]
    return ridge, lists(solver.invert(ridge, 0.0), parts.test)


def _served(order: EvaluationOrder, dataset: Dataset, parts: StrongSplit, progress: Progress) -> NDArray[np.intp]:
    """Return the lists of the pipeline as it is served, trained on all ratings of the training people."""
    params, weights = read_params(order.params)
    training = without(dataset, parts.held_out[dataset.events.user])
    vectors = vectors_of(order, dataset, progress)
    with tempfile.TemporaryDirectory(prefix="marquee-strong-") as folder:
        shop = Workshop(Path(folder), params, weights, order.encoder, vectors, progress, order.queries)
        return _lists_of(shop.make(training), dataset, parts.test, progress)


def _lists_of(bench: Workbench, dataset: Dataset, test: HeldOutPeople, progress: Progress) -> NDArray[np.intp]:
    rows = bench.bundle.catalogue.rows_of(film.item_id for film in dataset.films)
    film_of = np.argsort(rows)
    people = People(on_rows_of(bench.bundle.catalogue, dataset), bench.bundle.catalogue)
    model = PipelineModel(bench, 0.0, PIPELINE)
    best = np.full((len(test.codes), DEPTH), -1, np.intp)
    for at, known in enumerate(test.events):
        if at % _BATCH == 0:
            progress.advance("recommending", at, len(best))
        found = model.best(people.profile_of(f"person {at}", known), DEPTH)
        best[at, : len(found)] = film_of[found]
    progress.advance("recommending", len(best), len(best))
    return best


def write(found: StrongGeneralisation, folder: Path) -> list[Path]:
    """Write ``strong.json`` and ``strong.csv``; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "strong.json", folder / "strong.csv"]
    paths[0].write_text(json.dumps(document(found), indent=2) + "\n", "utf-8")
    with paths[1].open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("model", "metric", "value", "standard error", "people"))
        for model, metric, value in found.figures():
            assert isinstance(value, Estimate)
            lines.writerow((model, metric, f"{value.mean:.5f}", f"{value.se:.5f}", value.n))
    return paths


def document(found: StrongGeneralisation) -> dict[str, object]:
    """Return the JSON document, with the published figures beside."""
    published = {name: dict(zip(METRICS, values, strict=True)) for name, values in PUBLISHED}
    return asdict(found) | {"published_ml_20m": published}
