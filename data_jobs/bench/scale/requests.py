"""What a request of a release costs, and how much of the exact answer it finds.

Run as ``python -m data_jobs.bench.scale.requests HOME [no-encoder]``; prints JSON. Requests go to a real server in
another process; answers are compared in this one, with the vector search replaced by comparing all films.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_jobs.bench.bench_people import logged, make_people
from data_jobs.bench.engines import settings_of_run
from data_jobs.bench.mix import TYPICAL, Requests, Sent
from data_jobs.bench.over_http import ask_all
from data_jobs.bench.server import RunningServer
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.adapters.search.embedded import EmbeddedSearch
from services.bootstrap import SystemClock, open_stores
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release, TextEncoder
from services.settings import load_settings

SEED = 23
# Requests of each kind that count, and those before them that warm up.
COUNTED, WARM = 60, 10
SEEDS, NEIGHBOURS, PAGE = 3, 150, 20
# Films and pages that are compared with exact search.
COMPARED_FILMS, COMPARED_PAGES = 40, 10
DEADLINE_S = 60.0

Kinds = dict[str, Callable[[], Sent]]


def kinds_of(requests: Requests) -> Kinds:
    """Return the measured kinds of requests by name."""
    return {
        "50 ratings": lambda: requests.make(f"person_{TYPICAL}"),
        "three films": lambda: requests.seeded(SEEDS),
        "free text": lambda: requests.make("free_text"),
        "similar": lambda: requests.make("similar"),
    }


def measure_requests(home: Path, release: Release) -> dict[str, Any]:
    """Return ``{cpu_ms: {kind: median}, memory_mb, start_s}`` of a server over ``home``. Raises Unavailable,
    BenchFailed.
    """
    bundle = release.bundle
    people = make_people(bundle.catalogue, {TYPICAL: COUNTED + WARM}, events=bundle.collaborative.events)
    settings = settings_of_run(load_settings(), opensearch=False, dynamodb=False)
    state = open_stores(settings.model_copy(update={"marquee_home": home}), SystemClock()).state
    try:
        state.seed(logged(people[TYPICAL]))
    finally:
        state.close()
    kinds = kinds_of(Requests(bundle.catalogue, people))
    with RunningServer(home) as server:
        for make in kinds.values():
            ask_all(server, [make() for _ in range(WARM)])
        cpu_ms = {}
        for kind, make in kinds.items():
            asked = [make() for _ in range(COUNTED)]
            cpu_ms[kind] = ask_all(server, asked).figures([asked[0].kind]).get("cpu_p50")
        return {"cpu_ms": cpu_ms, "memory_mb": server.memory_mb().get("rss"), "start_s": round(server.started_s, 2)}


class ExactEmbeddings(Embeddings):
    """Vectors whose search compares all films."""

    def nearest(
        self, queries: NDArray[np.float32], among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all films that have a vector, and their cosines."""
        rows = np.flatnonzero(self.scales > 0 if among is None else among & (self.scales > 0))
        return rows.astype(np.int32), self.cosines(queries)[rows]


def found_share(embeddings: Embeddings, films: int = COMPARED_FILMS) -> float:
    """Return how many of the 150 films nearest to a film the vector search finds, 0 ... 1: the mean over random films,
    none of which is looked up.
    """
    exact = _exact(embeddings)
    shares = []
    for row in np.random.default_rng(SEED).choice(len(embeddings.scales), min(films, len(embeddings.scales)), False):
        query = embeddings.rows(np.array([row]))
        shares.append(np.isin(_best(*exact.nearest(query)), _best(*embeddings.nearest(query))).mean())
    return float(mean(shares))


def same_pages(release: Release, exact: Release, encoder: TextEncoder | None) -> dict[str, float]:
    """Return how much of the first page two releases have in common, 0 ... 1, by kind of request: the mean."""
    requests = _asked(release, encoder is not None)
    pipelines = [Pipeline(each, encoder) for each in (release, exact)]
    return {kind: mean(_overlap(pipelines, request) for request in asked) for kind, asked in requests.items()}


def exact_release(release: Release, path: Path) -> Release:
    """Return a release of the bundle in the folder ``path`` that compares all films, and looks nothing up."""
    embeddings = release.bundle.embeddings
    bundle = replace(release.bundle, embeddings=None if embeddings is None else _exact(embeddings), nearest=None)
    return Release(bundle, EmbeddedSearch(bundle, text_index_of(path)))


def _exact(embeddings: Embeddings) -> ExactEmbeddings:
    return ExactEmbeddings(embeddings.codes, embeddings.scales, embeddings.mean, embeddings.encoder_id)


def _best(rows: NDArray[np.int32], cosines: NDArray[np.float32]) -> NDArray[np.int32]:
    return rows[np.argsort(-cosines, kind="stable")[:NEIGHBOURS]]


def _asked(release: Release, with_text: bool) -> dict[str, list[Request]]:
    """Return requests with known films, with any films, and with words; films are drawn without their fame."""
    catalogue, rng = release.bundle.catalogue, np.random.default_rng(SEED)
    known = min(len(catalogue), len(release.bundle.collaborative.rows))

    def seeded(films: int) -> Request:
        return Request(k=PAGE, liked=tuple(catalogue.item_ids.take(rng.integers(0, films, SEEDS).astype(np.int32))))

    asked = {
        "three known films": [seeded(known) for _ in range(COMPARED_PAGES)],
        "three films": [seeded(len(catalogue)) for _ in range(COMPARED_PAGES)],
    }
    if with_text:
        words = Requests(catalogue, {})
        asked["free text"] = [Request(k=PAGE, query=words.query()) for _ in range(COMPARED_PAGES)]
    return asked


def _overlap(pipelines: Sequence[Pipeline], request: Request) -> float:
    deadline = Deadline.within(SystemClock(), DEADLINE_S)
    ours, theirs = ([item.row for item in each.rank(request, None, deadline).items] for each in pipelines)
    return len(set(ours) & set(theirs)) / max(len(theirs), 1)


def measure(home: Path, encoder: TextEncoder | None) -> dict[str, Any]:
    """Return all figures of the active release of a home. Raises Unavailable, BenchFailed, BundleError."""
    path = LocalBundles(home).current_path()
    bundle = open_bundle(path)
    release = Release(bundle, EmbeddedSearch(bundle, text_index_of(path)))
    figures = measure_requests(home, release)
    if bundle.embeddings is not None:
        figures["found"] = round(found_share(bundle.embeddings), 4)
        pages = same_pages(release, exact_release(release, path), encoder)
        figures["same_page"] = {kind: round(share, 4) for kind, share in pages.items()}
    return figures


def main(home: Path, encoded: bool) -> None:
    """Measure and print."""
    encoder: TextEncoder | None = None
    if encoded:
        from services.adapters.embed.onnx import load_encoder

        encoder = load_encoder(None, threads=1)
    sys.stdout.write(json.dumps(measure(home, encoder)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), "no-encoder" not in sys.argv[2:])
