"""A small world: 90 invented films in three schools, and 70 viewers, most of whose ratings are in one school."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.workbench import Workbench, Workshop
from data_jobs.records import Dataset, Events, Film
from data_jobs.report import Progress, Silent
from data_jobs.train import TrainParams
from services.recommender.domain.history import EventKind
from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import RankedItem, Ranking, Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline
from services.recommender.signals.plan import Plan
from tests.builders import HashEncoder

FILMS, VIEWERS = 90, 70
SCHOOLS = (("Western", "Ada Ford"), ("Science Fiction", "Bo Kubrick"), ("Comedy", "Cy Wilder"))
ADJECTIVES = [
    "Silent",
    "Crimson",
    "Wandering",
    "Bitter",
    "Golden",
    "Hollow",
    "Restless",
    "Velvet",
    "Northern",
    "Broken",
]
NOUNS = ["Harbour", "Lantern", "Orchard", "Canyon", "Telegram", "Sparrow", "Winter", "Carousel", "Horizon"]
DAY_MS = 86_400_000


@cache
def films() -> tuple[Film, ...]:
    return tuple(
        Film(
            item_id=str(100 + row),
            title=f"{ADJECTIVES[row % 10]} {NOUNS[row // 10]}",
            year=1960 + row % 60,
            genres=(SCHOOLS[row % 3][0],),
            directors=(f"{SCHOOLS[row % 3][1]} {row % 9}",),
            keywords=(f"keyword {row % 6}",),
            overview=f"Somebody of school {row % 3} rides on.",
            language="en",
        )
        for row in range(FILMS)
    )


@cache
def dataset(viewers: int = VIEWERS) -> Dataset:
    """Each viewer rates 25 films, mostly of their own school and with more stars; two ratings share each second."""
    rng = np.random.default_rng(5)
    user, film, value, ts_ms = [], [], [], []
    for viewer in range(viewers):
        liking = np.where(np.arange(FILMS) % 3 == viewer % 3, 2.5, 0.0) - np.arange(FILMS) * 0.02
        seen = np.argsort(-(liking + rng.gumbel(size=FILMS)))[:25]
        stars = np.where(seen % 3 == viewer % 3, 4.0, 2.5) + rng.choice([0, 0.5, 1], 25)
        user += [viewer] * 25
        film += seen.tolist()
        value += stars.tolist()
        ts_ms += (viewer * DAY_MS + np.arange(25) // 2 * 1_000).tolist()
    kinds = np.full(len(user), EventKind.RATING, np.uint8)
    ids = tuple(f"viewer-{viewer}" for viewer in range(viewers))
    columns = (np.array(user, np.int32), np.array(film, np.int32), kinds, np.array(value, np.float32))
    return Dataset(films(), Events(ids, *columns, np.array(ts_ms, np.int64)), ("invented",))


def workshop(folder: Path, vectors: bool = True, weights: Weights | None = None) -> Workshop:
    encoder = HashEncoder() if vectors else None
    vectors_by_id = dict(zip((film.item_id for film in films()), school_vectors(), strict=True)) if vectors else {}
    return Workshop(folder, TrainParams(ridge=20.0), weights or Weights(), encoder, vectors_by_id, Silent())


def school_vectors() -> NDArray[np.float32]:
    """Unit vectors, float32[films, 16], close to those of the same school."""
    rng = np.random.default_rng(3)
    raw = rng.normal(0, 1, (3, 16))[np.arange(FILMS) % 3] + rng.normal(0, 0.4, (FILMS, 16))
    unit: NDArray[np.float64] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return unit.astype(np.float32)


def school_of(bench: Workbench, row: int) -> int:
    """Return the school of a catalogue row."""
    return (int(bench.bundle.catalogue.item_ids[row]) - 100) % 3


class RecordingPipeline(Pipeline):
    """A pipeline that answers queries from a table, if there is one, and records the user ids of requests."""

    def __init__(self, pipeline: Pipeline, answers: dict[str, tuple[int, ...]] | None = None) -> None:
        super().__init__(pipeline.release, pipeline.encoder, pipeline.constants)
        self._answers = answers
        self.users: set[str | None] = set()

    def rank(
        self,
        request: Request,
        profile: Profile | None,
        deadline: Deadline,
        shown: NDArray[np.uint64] = NO_HASHES,
        with_reasons: bool = True,
        plan: Plan | None = None,
    ) -> Ranking:
        self.users.add(request.user_id)
        if self._answers is None:
            return super().rank(request, profile, deadline, shown, with_reasons, plan)
        rows = self._answers.get(request.query or "", ())[: request.k]
        return Ranking(tuple(RankedItem(row, 0.5) for row in rows), Strategy.QUERY)


class Listening(Progress):
    """Records the progress reports."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int | None]] = []

    def advance(self, step: str, done: int, total: int | None) -> None:
        self.heard.append((step, done, total))
