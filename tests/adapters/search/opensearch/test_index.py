"""The body of an index, the note on its bundle, and the bundles that it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from services.adapters.search.analyser import ANALYSER
from services.adapters.search.opensearch.index import IndexMismatch, IndexNote, index_body
from services.adapters.search.opensearch.scores import cosines
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.recommender.errors import BundleError
from tests.builders import make_bundle

BUNDLE = make_bundle(films=20, outside=2)
TARGET = OpenSearchTarget("http://127.0.0.1:9200")
KINDS = ("server", "classic", "nextgen")
NOTE = IndexNote.of(BUNDLE, TARGET, 1_700_000_000_000)


def test_a_new_note_describes_the_bundle_and_is_not_complete():
    assert (NOTE.bundle, NOTE.films, NOTE.dims, NOTE.encoder) == ("v1", 20, 16, "test-encoder")
    assert (NOTE.analyser, NOTE.engine, NOTE.space) == (ANALYSER, "faiss", "cosinesimil")
    assert not NOTE.complete


def test_a_note_round_trips():
    ready = replace(NOTE, complete=True, text_scale=2.2)
    assert IndexNote.read(index_body(TARGET, ready)) == ready


@pytest.mark.parametrize(
    "mappings",
    [
        {},
        {"_meta": {}},
        {"_meta": {"marquee": "v1"}},
        {"_meta": {"marquee": {"bundle": "v1"}}},
        {"_meta": {"other": 1}},
    ],
)
def test_an_index_without_a_valid_note_has_none(mappings):
    assert IndexNote.read({"mappings": mappings}) is None
    assert IndexNote.read({}) is None


def test_unknown_fields_of_a_note_are_ignored():
    document = index_body(TARGET, NOTE)
    document["mappings"]["_meta"]["marquee"]["colour"] = "green"
    assert IndexNote.read(document) == NOTE


def test_the_mapping_decides_the_length_of_vectors():
    document = index_body(TARGET, NOTE)
    document["mappings"]["properties"]["embedding"]["dimension"] = 512
    note = IndexNote.read(document)
    with pytest.raises(IndexMismatch, match=r"16 dimensions.*512 dimensions"):
        note.check(BUNDLE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dims": 384}, "vectors of 16 dimensions, its OpenSearch index vectors of 384 dimensions"),
        ({"dims": 0}, "16 dimensions, its OpenSearch index vectors of 0 dimensions"),
        ({"encoder": "titan-v2"}, "encoder 'test-encoder', its OpenSearch index the encoder 'titan-v2'"),
        ({"analyser": "marquee-english-0"}, f"analyser '{ANALYSER}', its OpenSearch index the analyser"),
    ],
)
def test_a_mismatch_names_both_values(change, message):
    with pytest.raises(IndexMismatch, match=message) as caught:
        replace(NOTE, **change).check(BUNDLE)
    assert isinstance(caught.value, BundleError)
    assert "marquee index" in str(caught.value)


def test_the_indexed_bundle_is_accepted():
    NOTE.check(BUNDLE)
    bare = replace(BUNDLE, embeddings=None)
    IndexNote.of(bare, TARGET, 0).check(bare)


METHOD = {"name": "hnsw", "space_type": "cosinesimil", "parameters": {"m": 16, "ef_construction": 128}}


@pytest.mark.parametrize(
    ("target", "method", "compression"),
    [
        (TARGET, {"engine": "faiss"}, {"compression_level": "1x"}),
        (replace(TARGET, engine="lucene"), {"engine": "lucene"}, {"compression_level": "1x"}),
        (replace(TARGET, kind="classic"), {"engine": "faiss"}, {}),
        (replace(TARGET, kind="nextgen"), {}, {"compression_level": "1x"}),
    ],
)
def test_vectors_are_uncompressed_and_use_cosine_in_every_kind(target, method, compression):
    body = index_body(target, NOTE)
    assert body["mappings"]["properties"]["embedding"] == {
        "type": "knn_vector", "dimension": 16, "method": METHOD | method, **compression
    }  # fmt: skip
    assert body["settings"]["index"]["knn"] is True


def test_the_rest_of_the_body_is_the_same_for_every_kind():
    server, classic, nextgen = (index_body(replace(TARGET, kind=kind), NOTE) for kind in KINDS)
    for body in (server, classic, nextgen):
        del body["mappings"]["properties"]["embedding"]
    assert server == classic == nextgen


@pytest.mark.parametrize("kind", KINDS)
def test_compression_can_be_omitted_or_set(kind):
    default, chosen = (
        index_body(replace(TARGET, kind=kind, compression=setting), NOTE)["mappings"]["properties"]["embedding"]
        for setting in ("none", "8x")
    )
    assert "compression_level" not in default
    assert chosen["compression_level"] == "8x"


@pytest.mark.parametrize("kind", KINDS)
def test_the_note_determines_how_scores_become_cosines(kind):
    target = replace(TARGET, kind=kind)
    note = IndexNote.read(index_body(target, IndexNote.of(BUNDLE, target, 5)))
    assert note is not None
    scores = np.array([1.0, 0.75, 0.5], np.float32)
    assert cosines(scores, note.engine, note.space).tolist() == [1.0, 0.5, 0.0]


def test_a_bundle_without_vectors_has_no_vector_field():
    note = IndexNote.of(replace(BUNDLE, embeddings=None), TARGET, 0)
    assert (note.dims, note.encoder) == (0, None)
    assert "embedding" not in index_body(TARGET, note)["mappings"]["properties"]


def test_no_setting_that_serverless_manages_is_set():
    settings = index_body(TARGET, NOTE)["settings"]["index"]
    assert set(settings) == {"knn", "analysis"}, "no shards, no replicas, no refresh interval, no threshold"
