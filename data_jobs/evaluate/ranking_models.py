"""The models to compare: the production pipeline, and baselines over the same bundle."""

from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate.plain_ease import PlainEase, likes_of
from data_jobs.evaluate.workbench import Workbench, patient, rows_of
from data_jobs.train.svd import truncated_svd
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import Preset, Request
from services.recommender.pipeline import Pipeline
from services.recommender.presets.baseline import baseline_scores, liked_rows
from services.recommender.taste.fold_in import Taste, fold_in

Rows = NDArray[np.int32]
Mask = NDArray[np.bool_]


class RankingModel(Protocol):
    """A model that ranks all films for a person, without those the person rated."""

    name: str

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """Return the best k rows, int32[<= k], best first. ``among`` bool[films]: only these films are candidates."""
        ...


class PipelineModel:
    """The pipeline as the server calls it. ``diversity`` None: the API's default."""

    def __init__(
        self,
        bench: Workbench,
        diversity: float | None = None,
        name: str = "pipeline",
        preset: Preset = Preset.DEFAULT,
    ) -> None:
        self.name = name
        self._preset = preset
        self._bench = bench
        self._diversity = Request().diversity if diversity is None else diversity

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`RankingModel`."""
        request = Request(user_id=profile.user_id, k=k, diversity=self._diversity, preset=self._preset)
        excluded = NO_HASHES if among is None else self._bench.hashes[~among]
        ranking = self._bench.pipeline.rank(request, profile, patient(), excluded, with_reasons=False)
        return rows_of(ranking.items)


def by_seeds(bench: Workbench, rows: Rows, k: int) -> Rows:
    """Return the pipeline's best k rows for a request without a user id whose ``liked`` films are ``rows``."""
    request = Request(liked=tuple(bench.bundle.catalogue.item_ids[row] for row in rows.tolist()), k=k, diversity=0.0)
    ranking = bench.pipeline.rank(request, None, patient(), with_reasons=False)
    return rows_of(ranking.items)


class Scored:
    """The same list for everyone: the films with the largest scores, float32[films]; ties by row, best known first."""

    def __init__(self, name: str, bundle: Bundle, scores: NDArray[np.float32]) -> None:
        self.name = name
        self._bundle = bundle
        self._scores = scores

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`RankingModel`."""
        return best_unseen(self._bundle, self._scores, profile, k, among)


class MostLiked(Scored):
    """The same list for everyone: the films with the most likes in the training part. Independent of the popularity in
    production.
    """

    name = "popularity"

    def __init__(self, bench: Workbench) -> None:
        super().__init__(self.name, bench.bundle, bench.likes.astype(np.float32))


class ContentModel:
    """The films whose vectors are nearest to the mean vector of the liked films. ``centred``: the mean of all films is
    subtracted first, which removes what all texts share. Raises ValueError for a bundle without vectors.
    """

    def __init__(self, bundle: Bundle, centred: bool = False) -> None:
        self.name = "content, centred" if centred else "content"
        if bundle.embeddings is None:
            raise ValueError("content alone needs vectors, and this bundle has none")
        self._bundle = bundle
        self._unit = unit_vectors(bundle.embeddings, np.arange(len(bundle.catalogue)), centred)

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`RankingModel`."""
        liked = liked_rows(fold_in(self._bundle.catalogue, profile.history))
        scores = self._unit @ self._unit[liked].mean(axis=0) if len(liked) else np.zeros(len(self._unit), np.float32)
        return best_unseen(self._bundle, scores, profile, k, among)


class Ease:
    """Plain EASE on the likes of the training part."""

    name = "plain EASE"

    def __init__(self, bench: Workbench, ridge: float) -> None:
        self._bundle = bench.bundle
        self._ease = PlainEase(likes_of(bench.dataset).matrix(), ridge)

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`RankingModel`."""
        liked = _likes(self._bundle, profile)
        ones = np.ones(len(liked), np.float32)
        entries = (ones, (np.zeros(len(liked), np.int32), liked))
        row = sp.csr_matrix(entries, shape=(1, len(self._bundle.catalogue)))
        return best_unseen(self._bundle, self._ease.scores(row)[0], profile, k, among)


class PureSvd:
    """PureSVD on the likes of the training part: x V V', x the person's likes, V the first 50 right singular vectors.

    Source: P. Cremonesi, Y. Koren and R. Turrin, "Performance of recommender algorithms on top-N recommendation
    tasks", RecSys 2010.
    """

    name = "PureSVD"
    factors = 50

    def __init__(self, bench: Workbench) -> None:
        self._bundle = bench.bundle
        self._vectors, _ = truncated_svd(likes_of(bench.dataset).matrix().astype(np.float64), self.factors)

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`RankingModel`."""
        liked = _likes(self._bundle, profile)
        scores = np.asarray(self._vectors @ self._vectors[liked].sum(axis=0), np.float32)
        return best_unseen(self._bundle, scores, profile, k, among)


class BaselinePreset:
    """The preset with fixed weights: .7 kNN + .3 BM25 + popularity, recency and genre match."""

    name = "playbook preset"

    def __init__(self, pipeline: Pipeline) -> None:
        self._release = pipeline.release
        self._trait_rows = pipeline.trait_rows

    def best(self, profile: Profile, k: int, among: Mask | None = None) -> Rows:
        """See :class:`RankingModel`."""
        bundle = self._release.bundle
        taste: Taste = fold_in(bundle.catalogue, profile.history)
        terms = baseline_scores(self._release, self._trait_rows, taste, patient())
        return best_unseen(bundle, np.sum(list(terms.values()), axis=0), profile, k, among)


def unit_vectors(embeddings: Embeddings, rows: NDArray[np.integer], centred: bool) -> NDArray[np.float32]:
    """Return the text vectors of some films with length 1, float32[rows, dims]; 0 for a film without one. ``centred``:
    less the mean of all films.
    """
    vectors = embeddings.rows(rows)
    if centred:
        vectors = np.where(embeddings.scales[rows][:, None] > 0, vectors - embeddings.mean, 0)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1), np.float32)


def _likes(bundle: Bundle, profile: Profile) -> Rows:
    """Return the rows of the films that a person likes."""
    taste = fold_in(bundle.catalogue, profile.history)
    return taste.rows[taste.base >= 1]


def best_unseen(
    bundle: Bundle, scores: NDArray[np.float32], profile: Profile, k: int, among: Mask | None = None
) -> Rows:
    """Return the k films with the largest scores that are not in ``profile.seen``, ties by row, best known first."""
    allowed = np.ones(len(scores), bool) if among is None else among.copy()
    seen = bundle.catalogue.rows_of_hashes(profile.seen)
    allowed[seen[seen >= 0]] = False
    rows = np.flatnonzero(allowed)
    if len(rows) > k:
        cut = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
        rows = rows[scores[rows] >= cut]
    return rows[np.argsort(-scores[rows], kind="stable")][:k].astype(np.int32)
