"""Measure the cost of requests to a release, and the recall of its vector search.

Run as ``python -m data_jobs.bench.scale.requests HOME [no-encoder]``; prints JSON. Requests go to a real server in
another process. Results are compared in this one with those of an exact search, which compares all films.
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

from data_jobs.bench.bench_people import logged_events, make_people
from data_jobs.bench.engines import LONGEST_MS, settings_of_run
from data_jobs.bench.mix import TYPICAL, RawRequest, Requests
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
# Requests of each kind that count, and warm-up requests before them.
COUNTED, WARM = 60, 10
SEEDS, NEIGHBOURS, PAGE = 3, 150, 20
# Films and pages that are compared with exact search.
COMPARED_FILMS, COMPARED_PAGES = 40, 10
DEADLINE_S = 60.0

Kinds = dict[str, Callable[[], RawRequest]]


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
    people = make_people(
        bundle.catalogue, {TYPICAL: COUNTED + WARM}, events=bundle.collaborative.events, by_events=True
    )
    settings = settings_of_run(load_settings(), opensearch=False, dynamodb=False)
    state = open_stores(settings.model_copy(update={"marquee_home": home}), SystemClock()).state
    try:
        state.seed(logged_events(people[TYPICAL]))
    finally:
        state.close()
    kinds = kinds_of(Requests(bundle.catalogue, people))
    # CPU is measured: a request that waits for a busy machine must not be answered with a part.
    with RunningServer(home, {"REQUEST_DEADLINE_MS": str(LONGEST_MS)}) as server:
        for make in kinds.values():
            ask_all(server, [make() for _ in range(WARM)])
        cpu_ms = {}
        for kind, make in kinds.items():
            batch = [make() for _ in range(COUNTED)]
            cpu_ms[kind] = ask_all(server, batch).figures([batch[0].kind]).get("cpu_p50")
        return {"cpu_ms": cpu_ms, "memory_mb": server.memory_mb().get("rss"), "start_s": round(server.started_s, 2)}


class ExactEmbeddings(Embeddings):
    """Vectors whose search compares all films."""

    def nearest(
        self, queries: NDArray[np.float32], among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all films that have a vector, or those of ``among``, and their cosines."""
        rows = np.flatnonzero(self.scales > 0 if among is None else among & (self.scales > 0))
        return rows.astype(np.int32), self.cosines(queries)[rows]


def search_recall(embeddings: Embeddings, films: int = COMPARED_FILMS) -> float:
    """Return the recall of the vector search among the 150 nearest films, 0 ... 1: the mean over random films. Stored
    neighbours are not used.
    """
    exact = _exact(embeddings)
    shares = []
    for row in np.random.default_rng(SEED).choice(len(embeddings.scales), min(films, len(embeddings.scales)), False):
        query = embeddings.rows(np.array([row]))
        shares.append(np.isin(_best(*exact.nearest(query)), _best(*embeddings.nearest(query))).mean())
    return float(mean(shares))


def page_overlap(release: Release, exact: Release, encoder: TextEncoder | None) -> dict[str, float]:
    """Return the mean share of the first page that two releases have in common, 0 ... 1, by kind of request."""
    samples = _sample_requests(release, encoder is not None)
    pipelines = [Pipeline(variant, encoder) for variant in (release, exact)]
    return {kind: mean(_overlap(pipelines, request) for request in requests) for kind, requests in samples.items()}


def exact_release(release: Release, path: Path) -> Release:
    """Return a release of the bundle in the folder ``path`` with exact vector search and no stored neighbours."""
    embeddings = release.bundle.embeddings
    bundle = replace(release.bundle, embeddings=None if embeddings is None else _exact(embeddings), nearest=None)
    return Release(bundle, EmbeddedSearch(bundle, text_index_of(path)))


def _exact(embeddings: Embeddings) -> ExactEmbeddings:
    return ExactEmbeddings(embeddings.codes, embeddings.scales, embeddings.mean, embeddings.encoder_id)


def _best(rows: NDArray[np.int32], cosines: NDArray[np.float32]) -> NDArray[np.int32]:
    return rows[np.argsort(-cosines, kind="stable")[:NEIGHBOURS]]


def _sample_requests(release: Release, with_text: bool) -> dict[str, list[Request]]:
    """Return requests with films of the tables, with any films, and with free text. Films are drawn uniformly."""
    catalogue, rng = release.bundle.catalogue, np.random.default_rng(SEED)
    in_tables = min(len(catalogue), len(release.bundle.collaborative.rows))

    def seeded(films: int) -> Request:
        return Request(k=PAGE, liked=tuple(catalogue.item_ids.take(rng.integers(0, films, SEEDS).astype(np.int32))))

    requests = {
        "three known films": [seeded(in_tables) for _ in range(COMPARED_PAGES)],
        "three films": [seeded(len(catalogue)) for _ in range(COMPARED_PAGES)],
    }
    if with_text:
        words = Requests(catalogue, {})
        requests["free text"] = [Request(k=PAGE, query=words.query()) for _ in range(COMPARED_PAGES)]
    return requests


def _overlap(pipelines: Sequence[Pipeline], request: Request) -> float:
    deadline = Deadline.within(SystemClock(), DEADLINE_S)
    rows, exact_rows = ([item.row for item in pipeline.rank(request, None, deadline).items] for pipeline in pipelines)
    return len(set(rows) & set(exact_rows)) / max(len(exact_rows), 1)


def measure(home: Path, encoder: TextEncoder | None) -> dict[str, Any]:
    """Return all figures of the active release of a home. Raises Unavailable, BenchFailed, BundleError."""
    path = LocalBundles(home).current_path()
    bundle = open_bundle(path)
    release = Release(bundle, EmbeddedSearch(bundle, text_index_of(path)))
    figures = measure_requests(home, release)
    if bundle.embeddings is not None:
        figures["found"] = round(search_recall(bundle.embeddings), 4)
        pages = page_overlap(release, exact_release(release, path), encoder)
        figures["same_page"] = {kind: round(share, 4) for kind, share in pages.items()}
    return figures


def main(home: Path, with_encoder: bool) -> None:
    """Measure and print."""
    encoder: TextEncoder | None = None
    if with_encoder:
        from services.adapters.embed.onnx import load_encoder

        encoder = load_encoder(None, threads=1)
    sys.stdout.write(json.dumps(measure(home, encoder)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), "no-encoder" not in sys.argv[2:])
