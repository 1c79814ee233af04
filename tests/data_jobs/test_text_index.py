import numpy as np
import pytest

from data_jobs import text_index
from data_jobs.catalogue import build_catalogue
from data_jobs.records import Events, Film
from data_jobs.text_index import write_text_index
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.errors import BundleError
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock, make_bundle
from tests.films import FILMS, make_events

NOW = Deadline.within(ManualClock(), 1)


def test_one_document_per_film_in_one_segment_in_row_order(tmp_path):
    bundle = make_bundle(films=3_000, outside=5, vectors=False)
    search = EmbeddedSearch(bundle, write_text_index(bundle.catalogue, tmp_path / "index"))
    for row in (0, 1, 1_499, 2_999):
        hits = search.search(SearchRequest(text=f"Film {row}"), NOW).text
        assert hits.rows[0] == row


def test_the_folder_is_made_and_returned(tmp_path):
    folder = tmp_path / "deep" / "index"
    assert write_text_index(build_catalogue(FILMS, make_events()), folder) == folder
    names = {path.name for path in folder.iterdir()}
    assert {"meta.json", "names.text.npy", "names.starts.npy", "names.gram_names.npy"} <= names


def test_no_films(tmp_path):
    bundle = make_bundle(films=1, outside=0)
    empty = build_catalogue((), Events.empty())
    folder = write_text_index(empty, tmp_path / "index")
    assert (folder / "meta.json").exists()
    with pytest.raises(BundleError):
        EmbeddedSearch(bundle, folder)


def test_every_field_is_searched(tmp_path):
    film = Film(
        "1", "Alpha", 2000, ("Western",), ("Bravo Charlie",), ("Delta Echo",), ("foxtrot",), "Golf hotel.", "india",
        tags=("juliet",), aka=("Kilo",), language="en",
    )  # fmt: skip
    others = tuple(Film(str(number), f"Other {number}") for number in range(2, 9))
    bundle = make_bundle(films=8, outside=2)
    search = EmbeddedSearch(bundle, write_text_index(build_catalogue((film, *others), Events.empty()), tmp_path / "i"))
    for word in (
        "alpha",
        "bravo",
        "charlie",
        "delta",
        "echo",
        "foxtrot",
        "golf",
        "hotels",
        "juliet",
        "kilo",
        "western",
    ):
        hits = search.search(SearchRequest(text=word), NOW).text
        assert hits.rows.tolist() == [0], word
    # A tagline is a slogan and says nothing about the film.
    assert not len(search.search(SearchRequest(text="india"), NOW).text.rows)


def test_another_order_of_documents_is_refused(tmp_path, monkeypatch):
    make = text_index._document
    monkeypatch.setattr(text_index, "_document", lambda catalogue, row: make(catalogue, len(catalogue) - 1 - row))
    with pytest.raises(BundleError, match="another order"):
        write_text_index(build_catalogue(FILMS, make_events()), tmp_path / "index")


def test_a_lost_document_is_detected(tmp_path):
    class Searcher:
        num_segments = 1
        num_docs = 11

    with pytest.raises(BundleError, match="11 films in 1 segments, expected 12"):
        text_index._check_order(Searcher(), 12, tmp_path)


def test_two_builds_give_the_same_results(tmp_path):
    bundle = make_bundle(films=200)
    one, two = (EmbeddedSearch(bundle, write_text_index(bundle.catalogue, tmp_path / name)) for name in "ab")
    for text in ("film", "heist", "film 17", "flm 17"):
        first, second = (search.search(SearchRequest(text=text), NOW).text for search in (one, two))
        assert np.array_equal(first.rows, second.rows)
        assert np.array_equal(first.scores, second.scores)
