"""Strong generalisation, the protocol of papers on MovieLens-20M: whole people are held out.

Ratings of 4 stars or more are likes; all other events are ignored. Of the people with five likes or more, a tenth (at
most 10,000) is the validation set, which chooses lambda, and as many are the test set; all others are the training set.
Of each held-out person, four fifths of the likes on films of the training set are folded in; the rest is hidden, and
ranked among all films except those folded in. Recall@k is hits / min(k, hidden likes); NDCG@100 is binary.

Sources: D. Liang, R. G. Krishnan, M. D. Hoffman and T. Jebara, "Variational autoencoders for collaborative filtering",
WWW 2018 (the protocol; WMF, SLIM, CDAE, Mult-DAE, Mult-VAE); H. Steck, "Embarrassingly shallow autoencoders for sparse
data", WWW 2019 (popularity, EASE).
"""

import csv
import io
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
from data_jobs.evaluate.outcome import Outcome, Table
from data_jobs.evaluate.ranking_models import PipelineModel
from data_jobs.evaluate.report import write_texts
from data_jobs.evaluate.split import liked, without
from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset
from data_jobs.report import DataError, Progress
from data_jobs.train.ease import Inverse, PrimalSolver
from data_jobs.train.gram import design
from data_jobs.train.material import most_liked

MIN_LIKES = 5
MOST_PEOPLE, PEOPLE_SHARE, HIDDEN_SHARE = 10_000, 0.1, 0.2
FILMS = 20_000
"""Number of films that plain EASE ranks, about as many as ML-20M has with a like; their Gram matrix takes 1.6 GB."""
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
    ("MRF (Steck 2019)", (0.390, 0.516, 0.420)),
    ("ELSA (Vančura 2022)", (0.393, 0.528, 0.429)),
)
"""Results on ML-20M with 116,677 people in training and 10,000 in the test set."""

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
        """Return the figures in the order of ``METRICS``."""
        return self.recall_20, self.recall_50, self.ndcg_100


@dataclass(frozen=True, slots=True)
class StrongGeneralisation(Outcome):
    """``people``: number in training; ``measured``: in the test set; ``films``: number with a like in training;
    ``ease_ridge``: lambda of plain EASE.
    """

    sources: tuple[str, ...]
    seed: int
    people: int
    measured: int
    films: int
    ease_ridge: float
    models: tuple[ModelRow, ...]

    def tables(self) -> Iterator[Table]:
        """Yield the measured and the published figures."""
        rows = [(each.model, *(f"{value}" for value in each.estimates)) for each in self.models]
        title = f"Strong generalisation: trained on {self.people:,} people, tested on {self.measured:,} others"
        note = f"plain EASE with lambda {self.ease_ridge:g}, chosen on the validation set, over at most {FILMS:,} films"
        yield Table(title, ("model", *METRICS), rows, (note,))
        published = [(name, *(f"{value:.3f}" for value in values)) for name, values in PUBLISHED]
        note = "comparable only if the data is ML-20M; the standard error is .001 to .002"
        yield Table("Published for ML-20M", ("model", *METRICS), published, (note,))


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPeople:
    """Held-out people. ``known_likes``, ``hidden_likes``: float32[people, films], ones; ``events``: indices of each
    person's known likes; ``codes`` of the people.
    """

    codes: Rows
    known_likes: sp.csr_matrix
    hidden_likes: sp.csr_matrix
    events: list[Rows]


@dataclass(frozen=True, slots=True, eq=False)
class StrongSplit:
    """``likes`` of the training set, float32[people, films], ones; ``held_out`` bool[people]: not in the training set;
    ``films``: number with a like in training.
    """

    likes: sp.csr_matrix
    validation: HeldOutPeople
    test: HeldOutPeople
    held_out: NDArray[np.bool_]
    films: int


def split_people(dataset: Dataset, seed: int) -> StrongSplit:
    """Draw the three sets of people. Raises DataError if fewer than 20 people have five likes."""
    events, people, films = dataset.events, len(dataset.events.user_ids), len(dataset.films)
    at = np.flatnonzero(liked(events))
    rng = np.random.default_rng(seed)
    eligible = rng.permutation(np.flatnonzero(np.bincount(events.user[at], minlength=people) >= MIN_LIKES))
    count = min(MOST_PEOPLE, int(len(eligible) * PEOPLE_SHARE))
    if count < 2:
        raise DataError(
            f"{len(eligible)} people have {MIN_LIKES} likes or more; strong generalisation needs at least 20"
        )
    held_out = np.zeros(people, bool)
    held_out[eligible[: 2 * count]] = True
    trains = np.zeros(people, bool)
    trains[eligible[2 * count :]] = True
    training_likes = at[trains[events.user[at]]]
    likes = _ones(events.user[training_likes], events.film[training_likes], (people, films))
    training_films = np.bincount(events.film[training_likes], minlength=films) > 0
    at = at[training_films[events.film[at]]]
    validation, test = (_held_out(dataset, at, np.sort(eligible[start : start + count]), rng) for start in (0, count))
    return StrongSplit(likes[np.diff(likes.indptr) > 0], validation, test, held_out, int(training_films.sum()))


def _held_out(dataset: Dataset, at: Rows, people: Rows, rng: np.random.Generator) -> HeldOutPeople:
    """Return those of ``people`` who have enough likes on films of the training set; ``at``: indices of such likes."""
    events, codes, known_at, hidden_at = dataset.events, [], [], []
    starts = np.searchsorted(events.user[at], np.stack([people, people + 1]))
    for code, start, stop in zip(people.tolist(), *starts.tolist(), strict=True):
        if stop - start < MIN_LIKES:
            continue
        likes_at = rng.permutation(at[start:stop])
        cut = int(HIDDEN_SHARE * len(likes_at))
        codes.append(code)
        hidden_at.append(likes_at[:cut])
        known_at.append(np.sort(likes_at[cut:]))
    shape = (len(codes), len(dataset.films))

    def marks(chosen: Sequence[Rows]) -> sp.csr_matrix:
        person = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
        films = events.film[np.concatenate([*chosen, np.zeros(0, np.intp)])]
        return _ones(person, films, shape)

    return HeldOutPeople(np.array(codes, np.intp), marks(known_at), marks(hidden_at), known_at)


def _ones(rows: NDArray[np.integer], columns: NDArray[np.integer], shape: tuple[int, int]) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)


def figures_of(best: NDArray[np.intp], hidden: sp.csr_matrix) -> NDArray[np.float64]:
    """Return Recall@20, Recall@50 and NDCG@100 of each person, float64[3, people]; ``best`` int[people, 100]: films,
    best first, -1 where a list ends.
    """
    counts = np.diff(hidden.indptr)
    hits = np.asarray(hidden[np.arange(len(best))[:, None], np.maximum(best, 0)].todense()) * (best >= 0)
    discount = 1 / np.log2(np.arange(2, DEPTH + 2))
    ideal = np.cumsum(discount)[np.minimum(counts, DEPTH) - 1]
    recalls = [hits[:, :cut].sum(axis=1) / np.minimum(counts, cut) for cut in CUTS]
    return np.stack([*recalls, hits @ discount[: best.shape[1]] / ideal])


def ranked(
    scores: Callable[[sp.csr_matrix], NDArray[np.float32]], people: HeldOutPeople, films: Rows
) -> NDArray[np.intp]:
    """Return each person's best 100 of ``films``, without those folded in, int[people, 100]; -1 where a list ends.
    ``scores``: maps known likes on these films, float32[people, films], to scores of the same shape.
    """
    best = np.full((len(people.codes), DEPTH), -1, np.intp)
    on_films = people.known_likes[:, films]
    for start in range(0, len(best), _BATCH):
        likes = on_films[start : start + _BATCH]
        values = scores(likes)
        values[likes.nonzero()] = -np.inf
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
    results = {"popularity": ranked(lambda batch: np.tile(popular, (batch.shape[0], 1)), parts.test, films)}
    ridge, results["plain EASE"] = _ease(parts, films, progress)
    results[PIPELINE] = _pipeline_lists(order, dataset, parts, progress)
    rows = tuple(
        ModelRow(model, *(Estimate.of(values) for values in figures_of(best, parts.test.hidden_likes)))
        for model, best in results.items()
    )
    people, measured = parts.likes.shape[0], len(parts.test.codes)
    return StrongGeneralisation(dataset.sources, order.seed, people, measured, parts.films, ridge, rows)


def _ease(parts: StrongSplit, films: Rows, progress: Progress) -> tuple[float, NDArray[np.intp]]:
    """Return the lambda with the best NDCG@100 on the validation set, and the lists of the test set."""
    none = sp.csr_matrix((0, len(films)), dtype=np.float32)
    solver = PrimalSolver(design(parts.likes[:, films], none, 0.0, 0.0).gram())

    def lists(inverse: Inverse, people: HeldOutPeople) -> NDArray[np.intp]:
        return ranked(inverse.scores, people, films)

    worth = []
    for done, ridge in enumerate(GRID):
        progress.advance("choosing lambda of plain EASE", done, len(GRID))
        best = lists(solver.invert(ridge, 0.0), parts.validation)
        worth.append(float(figures_of(best, parts.validation.hidden_likes)[2].mean()))
    progress.advance("choosing lambda of plain EASE", len(GRID), len(GRID))
    ridge = GRID[int(np.argmax(worth))]
    return ridge, lists(solver.invert(ridge, 0.0), parts.test)


def _pipeline_lists(
    order: EvaluationOrder, dataset: Dataset, parts: StrongSplit, progress: Progress
) -> NDArray[np.intp]:
    """Return the lists of the pipeline as it is served, trained on all ratings of the training set."""
    params, weights = read_params(order.params)
    training = without(dataset, parts.held_out[dataset.events.user])
    vectors = vectors_of(order, dataset, progress)
    with tempfile.TemporaryDirectory(prefix="marquee-strong-") as folder:
        workshop = Workshop(Path(folder), params, weights, order.encoder, vectors, progress, order.queries)
        return _lists_of(workshop.make(training), dataset, parts.test, progress)


def _lists_of(bench: Workbench, dataset: Dataset, test: HeldOutPeople, progress: Progress) -> NDArray[np.intp]:
    film_of = np.argsort(bench.bundle.catalogue.rows_of(film.item_id for film in dataset.films))
    people = People(on_rows_of(bench.bundle.catalogue, dataset), bench.bundle.catalogue)
    model = PipelineModel(bench, 0.0, PIPELINE)
    best = np.full((len(test.codes), DEPTH), -1, np.intp)
    for at, events in enumerate(test.events):
        if at % _BATCH == 0:
            progress.advance("recommending", at, len(best))
        rows = model.best(people.profile_of(f"person {at}", events), DEPTH)
        best[at, : len(rows)] = film_of[rows]
    progress.advance("recommending", len(best), len(best))
    return best


def write(result: StrongGeneralisation, folder: Path) -> list[Path]:
    """Write ``strong.json`` and ``strong.csv`` and return their paths. Raises OSError."""
    texts = {"json": json.dumps(document(result), indent=2) + "\n", "csv": table_of_figures(result)}
    return write_texts(folder, "strong", texts)


def table_of_figures(result: StrongGeneralisation) -> str:
    """Return all figures as CSV: model, metric, value, standard error, people."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("model", "metric", "value", "standard error", "people"))
    for row in result.models:
        for metric, value in zip(METRICS, row.estimates, strict=True):
            writer.writerow((row.model, metric, f"{value.mean:.5f}", f"{value.se:.5f}", value.n))
    return out.getvalue()


def document(result: StrongGeneralisation) -> dict[str, object]:
    """Return the result as one JSON object, with the published figures."""
    published = {name: dict(zip(METRICS, values, strict=True)) for name, values in PUBLISHED}
    return asdict(result) | {"published_ml_20m": published}
