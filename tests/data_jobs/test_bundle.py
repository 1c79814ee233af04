import numpy as np
import pytest

from data_jobs.bundle import assemble, bundle_of, save
from data_jobs.catalogue import build_catalogue
from data_jobs.embed_items import embed_films
from data_jobs.train import TrainedModel, TrainParams
from services.adapters.bundle.local import LocalBundles, LocalReleases
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.weights import Weights
from services.recommender.errors import BundleMissing
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock, make_tables
from tests.fakes import HashingEncoder
from tests.films import FILMS, make_events


def assembled(tmp_path, with_vectors=True, encoder_id=HashingEncoder.encoder_id, **options):
    vectors = embed_films(FILMS, HashingEncoder(), tmp_path / "cache")
    return assemble(
        build_catalogue(FILMS, make_events()),
        make_tables(len(FILMS), 2),
        np.linspace(2, 0, len(FILMS)).astype(np.float32),
        np.linspace(0, 2, len(FILMS)).astype(np.float32),
        "ease-1",
        embeddings=Embeddings.quantise(vectors, encoder_id) if with_vectors else None,
        **{"sources": ("made up",), **options},
    )


def test_a_bundle_from_its_parts(tmp_path):
    bundle = assembled(tmp_path, weights=Weights(popularity=2.0), figures={"recall@10": 0.2})
    assert bundle.version == ""
    assert bundle.embeddings is not None
    assert bundle.embeddings.encoder_id == "hashing:64"
    assert bundle.weights.popularity == 2.0
    assert bundle.figures == {"recall@10": 0.2}
    assert bundle.sources == ("made up",)
    assert assembled(tmp_path, with_vectors=False).embeddings is None
    assert assembled(tmp_path).weights == Weights()


def test_a_bundle_from_a_model():
    tables, popularity = make_tables(len(FILMS), 2), np.ones(len(FILMS), np.float32)
    acclaim = 2 * popularity
    model = TrainedModel(tables, popularity, acclaim, "ease-2", TrainParams(), {})
    catalogue = build_catalogue(FILMS, make_events())
    bundle = bundle_of(model, catalogue, None, ("a.csv",), Weights(popularity=2.0))
    assert (bundle.collaborative, bundle.model_version) == (tables, "ease-2")
    assert bundle.popularity is popularity
    assert bundle.acclaim is acclaim
    assert bundle.catalogue is catalogue
    assert (bundle.embeddings, bundle.sources, bundle.weights.popularity) == (None, ("a.csv",), 2.0)
    assert bundle_of(model, catalogue, None, ()).weights == Weights()


def test_from_films_to_an_answer(tmp_path):
    home = tmp_path / "home"
    path = save(assembled(tmp_path), home, {"seed": 1})
    assert path.parent == home / "bundles"
    with pytest.raises(BundleMissing):
        LocalBundles(home).current_path()
    LocalBundles(home).activate(path.name)
    release = LocalReleases(home, lambda bundle, at: EmbeddedSearch(bundle, text_index_of(at))).current()
    query = HashingEncoder().encode(["a hacker and a simulation"])
    result = release.search.search(
        SearchRequest(text="michael mann", vectors=query), Deadline.within(ManualClock(), 1)
    )  # fmt: skip
    assert result.text is not None
    assert result.knn is not None
    titles = [release.bundle.catalogue.titles[int(row)] for row in result.text.rows[:2]]
    assert set(titles) == {"Heat", "Collateral"}
    assert release.bundle.sources == ("made up",)


def test_the_same_input_makes_the_same_version(tmp_path):
    one = save(assembled(tmp_path), tmp_path / "one", {"seed": 1})
    two = save(assembled(tmp_path, figures={"took": 3.2}), tmp_path / "two", {"seed": 2})
    assert one.name == two.name
    assert open_bundle(two, verify=True).figures == {"took": 3.2}
    assert save(assembled(tmp_path, encoder_id="another"), tmp_path / "two").name != one.name
