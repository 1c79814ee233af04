from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data_jobs.embed_items import EmbeddingOptions, VectorCache, embed_films, read_embeddings, write_embeddings
from data_jobs.items import text_to_embed
from data_jobs.records import Film
from services.recommender.errors import EncoderUnavailable
from tests.fakes import HashingEncoder
from tests.films import FILMS

MANY = tuple(Film(str(number), f"Film number {number}", 1950 + number % 70) for number in range(100))


def shards(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.vectors"))


def test_one_vector_per_film_in_order(tmp_path):
    encoder = HashingEncoder()
    vectors = embed_films(FILMS, encoder, tmp_path)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, encoder.encode([text_to_embed(film) for film in FILMS]))


def test_unchanged_texts_are_not_embedded_again(tmp_path):
    first = embed_films(MANY, HashingEncoder(), tmp_path)
    second = HashingEncoder()
    assert np.array_equal(embed_films(MANY, second, tmp_path), first)
    assert second.seen == []
    assert len(shards(tmp_path)) == 1
    changed = (*MANY[:50], Film("x", "Something else"), *MANY[51:])
    third = HashingEncoder()
    embed_films(changed, third, tmp_path)
    assert third.seen == ["Something else."]
    assert len(shards(tmp_path)) == 2


def test_a_text_of_two_films_is_embedded_once(tmp_path):
    encoder = HashingEncoder()
    vectors = embed_films((MANY[0], MANY[0], MANY[0]), encoder, tmp_path)
    assert len(encoder.seen) == 1
    assert np.array_equal(vectors[0], vectors[2])


def test_each_encoder_has_its_own_vectors(tmp_path):
    embed_films(MANY, HashingEncoder("one:1"), tmp_path)
    second = HashingEncoder("one:2")
    embed_films(MANY, second, tmp_path)
    assert len(second.seen) == len(MANY)


def test_an_interrupted_run_is_resumed(tmp_path):
    failing = HashingEncoder(fails_after=48)
    with pytest.raises(EncoderUnavailable):
        embed_films(MANY, failing, tmp_path, threads=1)
    resumed = HashingEncoder()
    vectors = embed_films(MANY, resumed, tmp_path)
    assert set(resumed.seen).isdisjoint(failing.seen[:32])
    assert len(resumed.seen) <= len(MANY) - 32
    assert np.array_equal(vectors, embed_films(MANY, HashingEncoder(), tmp_path / "fresh"))


@pytest.mark.parametrize("cut", [1, 31, 33, 200, 287])
def test_a_truncated_record_is_embedded_again(tmp_path, cut):
    before = embed_films(MANY, HashingEncoder(), tmp_path)
    (shard,) = shards(tmp_path)
    shard.write_bytes(shard.read_bytes()[:-cut])
    encoder = HashingEncoder()
    assert np.array_equal(embed_films(MANY, encoder, tmp_path), before)
    assert len(encoder.seen) == 1


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"\x7f"])
def test_a_record_without_a_unit_vector_is_embedded_again(tmp_path, filler):
    before = embed_films(MANY, HashingEncoder(), tmp_path)
    (shard,) = shards(tmp_path)
    content = shard.read_bytes()
    record = 32 + 4 * 64
    shard.write_bytes(content[: 32 + record] + filler * (4 * 64) + content[2 * record :])
    encoder = HashingEncoder()
    assert np.array_equal(embed_films(MANY, encoder, tmp_path), before)
    assert len(encoder.seen) == 1


def test_an_empty_shard_of_a_killed_run(tmp_path):
    embed_films(MANY, HashingEncoder(), tmp_path)
    (shards(tmp_path)[0].parent / "killed.vectors").touch()
    encoder = HashingEncoder()
    embed_films(MANY, encoder, tmp_path)
    assert encoder.seen == []


@pytest.mark.parametrize("encoder_id", ["all-MiniLM-L6-v2-int8:8199be6f", "../../etc", "a/b c"])
def test_an_encoder_id_names_a_folder_inside_the_cache(tmp_path, encoder_id):
    cache = VectorCache(tmp_path, encoder_id, 4)
    assert cache.folder.resolve().parent == tmp_path.resolve()
    assert cache.load() == {}


def test_progress_counts_up_to_all_films(tmp_path):
    steps: list[tuple[int, int]] = []
    embed_films(MANY, HashingEncoder(), tmp_path, lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps)
    assert steps[-1] == (100, 100)
    embed_films((*MANY, Film("x", "One more")), HashingEncoder(), tmp_path, lambda *step: steps.append(step))
    assert steps[-1] == (101, 101)


def test_the_same_vectors_with_any_number_of_threads(tmp_path):
    one = embed_films(MANY, HashingEncoder(), tmp_path / "1", threads=1)
    many = embed_films(MANY, HashingEncoder(), tmp_path / "4", threads=4)
    assert one.tobytes() == many.tobytes()


def test_no_films(tmp_path):
    assert embed_films((), HashingEncoder(), tmp_path).shape == (0, 64)


def test_embeddings_are_readable_by_other_tools(tmp_path):
    vectors = embed_films(FILMS, HashingEncoder(), tmp_path / "cache")
    path = write_embeddings(FILMS, vectors, tmp_path / "features", "hashing:64")
    table = pl.read_parquet(path)
    assert path.name == "item_embeddings.parquet"
    assert table.columns == ["item_id", "text", "vector"]
    assert table["item_id"].to_list() == [film.item_id for film in FILMS]
    assert np.array_equal(table["vector"].to_numpy(), vectors)
    assert path.read_bytes() == write_embeddings(FILMS, vectors, tmp_path / "again", "hashing:64").read_bytes()


def test_written_vectors_are_reused(tmp_path):
    vectors = embed_films(FILMS, HashingEncoder(), tmp_path / "cache")
    path = write_embeddings(FILMS, vectors, tmp_path / "features", HashingEncoder().encoder_id)
    encoder = HashingEncoder()
    options = EmbeddingOptions(made=read_embeddings(path, encoder))
    assert np.array_equal(embed_films(FILMS, encoder, tmp_path / "other", options=options), vectors)
    assert encoder.seen == []


def test_vectors_of_another_model_or_length_are_not_read(tmp_path):
    vectors = embed_films(FILMS, HashingEncoder(), tmp_path / "cache")
    path = write_embeddings(FILMS, vectors, tmp_path / "features", "hashing:64")
    assert len(read_embeddings(path, HashingEncoder())) == len({text_to_embed(film) for film in FILMS})
    assert read_embeddings(path, HashingEncoder("another:64")) == {}
    assert read_embeddings(path, HashingEncoder(dims=32)) == {}
    assert read_embeddings(tmp_path / "nowhere.parquet", HashingEncoder()) == {}
    path.write_bytes(path.read_bytes()[:-20])
    assert read_embeddings(path, HashingEncoder()) == {}


class NoConsent(Exception):
    pass


def test_nothing_is_embedded_without_consent(tmp_path):
    requested: list[int] = []

    def refuse(texts):
        requested.append(len(texts))
        raise NoConsent

    encoder = HashingEncoder()
    with pytest.raises(NoConsent):
        embed_films(MANY, encoder, tmp_path, options=EmbeddingOptions(refuse))
    assert (requested, encoder.seen) == ([100], [])
    embed_films(MANY[:40], encoder, tmp_path)
    with pytest.raises(NoConsent):
        embed_films(MANY, encoder, tmp_path, options=EmbeddingOptions(refuse))
    assert requested == [100, 60]
    embed_films(MANY[:40], encoder, tmp_path, options=EmbeddingOptions(refuse))


class Half:
    """A batch job that leaves out every other text."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def vectors(self, texts, progress):
        self.seen += texts
        for text in list(texts)[::2]:
            yield text, HashingEncoder().encode([text])[0]
        progress(len(texts), len(texts))


def test_many_texts_are_embedded_by_a_batch_job_and_those_it_leaves_out_directly(tmp_path):
    batch, encoder = Half(), HashingEncoder()
    vectors = embed_films(MANY, encoder, tmp_path, options=EmbeddingOptions(batch=batch, batch_from=100))
    assert (len(batch.seen), len(encoder.seen)) == (100, 50)
    assert np.array_equal(vectors, embed_films(MANY, HashingEncoder(), tmp_path / "direct"))
    few = Half()
    embed_films(MANY, HashingEncoder("b:64"), tmp_path, options=EmbeddingOptions(batch=few, batch_from=101))
    assert few.seen == []
