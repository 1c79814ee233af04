from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data_jobs.embed_items import Manner, VectorCache, embed_films, read_embeddings, write_embeddings
from data_jobs.items import text_to_embed
from data_jobs.records import Film
from services.recommender.errors import EncoderUnavailable
from tests.fakes import HashingEncoder
from tests.films import FILMS

MANY = tuple(Film(str(number), f"Film number {number}", 1950 + number % 70) for number in range(100))


def shards(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.vectors"))


def test_a_vector_a_film_in_their_order(tmp_path):
    encoder = HashingEncoder()
    vectors = embed_films(FILMS, encoder, tmp_path)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, encoder.encode([text_to_embed(film) for film in FILMS]))


def test_unchanged_texts_are_not_embedded_again(tmp_path):
    first = embed_films(MANY, HashingEncoder(), tmp_path)
    again = HashingEncoder()
    assert np.array_equal(embed_films(MANY, again, tmp_path), first)
    assert again.seen == []
    assert len(shards(tmp_path)) == 1
    changed = (*MANY[:50], Film("x", "Something else"), *MANY[51:])
    one = HashingEncoder()
    embed_films(changed, one, tmp_path)
    assert one.seen == ["Something else."]
    assert len(shards(tmp_path)) == 2


def test_a_text_of_two_films_is_embedded_once(tmp_path):
    encoder = HashingEncoder()
    vectors = embed_films((MANY[0], MANY[0], MANY[0]), encoder, tmp_path)
    assert len(encoder.seen) == 1
    assert np.array_equal(vectors[0], vectors[2])


def test_another_encoder_has_vectors_of_its_own(tmp_path):
    embed_films(MANY, HashingEncoder("one:1"), tmp_path)
    other = HashingEncoder("one:2")
    embed_films(MANY, other, tmp_path)
    assert len(other.seen) == len(MANY)


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    failing = HashingEncoder(fails_after=48)
    with pytest.raises(EncoderUnavailable):
        embed_films(MANY, failing, tmp_path, threads=1)
    resumed = HashingEncoder()
    vectors = embed_films(MANY, resumed, tmp_path)
    assert set(resumed.seen).isdisjoint(failing.seen[:32])
    assert len(resumed.seen) <= len(MANY) - 32
    assert np.array_equal(vectors, embed_films(MANY, HashingEncoder(), tmp_path / "fresh"))


@pytest.mark.parametrize("cut", [1, 31, 33, 200, 287])
def test_a_torn_tail_is_done_again(tmp_path, cut):
    before = embed_films(MANY, HashingEncoder(), tmp_path)
    (shard,) = shards(tmp_path)
    shard.write_bytes(shard.read_bytes()[:-cut])
    mended = HashingEncoder()
    assert np.array_equal(embed_films(MANY, mended, tmp_path), before)
    assert len(mended.seen) == 1


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"\x7f"])
def test_a_record_that_is_no_vector_is_done_again(tmp_path, filler):
    before = embed_films(MANY, HashingEncoder(), tmp_path)
    (shard,) = shards(tmp_path)
    content = shard.read_bytes()
    record = 32 + 4 * 64
    shard.write_bytes(content[: 32 + record] + filler * (4 * 64) + content[2 * record :])
    mended = HashingEncoder()
    assert np.array_equal(embed_films(MANY, mended, tmp_path), before)
    assert len(mended.seen) == 1


def test_an_empty_shard_of_a_run_that_was_killed(tmp_path):
    embed_films(MANY, HashingEncoder(), tmp_path)
    (shards(tmp_path)[0].parent / "killed.vectors").touch()
    again = HashingEncoder()
    embed_films(MANY, again, tmp_path)
    assert again.seen == []


@pytest.mark.parametrize("encoder_id", ["all-MiniLM-L6-v2-int8:8199be6f", "../../etc", "a/b c"])
def test_an_encoder_id_names_a_folder_inside_the_cache(tmp_path, encoder_id):
    cache = VectorCache(tmp_path, encoder_id, 4)
    assert cache.folder.resolve().parent == tmp_path.resolve()
    assert cache.load() == {}


def test_progress_counts_up_to_all_films(tmp_path):
    told: list[tuple[int, int]] = []
    embed_films(MANY, HashingEncoder(), tmp_path, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (100, 100)
    embed_films((*MANY, Film("x", "One more")), HashingEncoder(), tmp_path, lambda *step: told.append(step))
    assert told[-1] == (101, 101)


def test_the_same_vectors_with_any_number_of_threads(tmp_path):
    one = embed_films(MANY, HashingEncoder(), tmp_path / "1", threads=1)
    many = embed_films(MANY, HashingEncoder(), tmp_path / "4", threads=4)
    assert one.tobytes() == many.tobytes()


def test_no_films(tmp_path):
    assert embed_films((), HashingEncoder(), tmp_path).shape == (0, 64)


def test_embeddings_as_other_tools_read_them(tmp_path):
    vectors = embed_films(FILMS, HashingEncoder(), tmp_path / "cache")
    path = write_embeddings(FILMS, vectors, tmp_path / "features", "hashing:64")
    table = pl.read_parquet(path)
    assert path.name == "item_embeddings.parquet"
    assert table.columns == ["item_id", "text", "vector"]
    assert table["item_id"].to_list() == [film.item_id for film in FILMS]
    assert np.array_equal(table["vector"].to_numpy(), vectors)
    assert path.read_bytes() == write_embeddings(FILMS, vectors, tmp_path / "again", "hashing:64").read_bytes()


def test_vectors_that_were_written_are_not_made_again(tmp_path):
    vectors = embed_films(FILMS, HashingEncoder(), tmp_path / "cache")
    path = write_embeddings(FILMS, vectors, tmp_path / "features", HashingEncoder().encoder_id)
    again = HashingEncoder()
    made = Manner(made=read_embeddings(path, again))
    assert np.array_equal(embed_films(FILMS, again, tmp_path / "other", manner=made), vectors)
    assert again.seen == []


def test_vectors_of_another_model_or_length_are_not_read(tmp_path):
    vectors = embed_films(FILMS, HashingEncoder(), tmp_path / "cache")
    path = write_embeddings(FILMS, vectors, tmp_path / "features", "hashing:64")
    assert len(read_embeddings(path, HashingEncoder())) == len({text_to_embed(film) for film in FILMS})
    assert read_embeddings(path, HashingEncoder("another:64")) == {}
    assert read_embeddings(path, HashingEncoder(dims=32)) == {}
    assert read_embeddings(tmp_path / "nowhere.parquet", HashingEncoder()) == {}
    path.write_bytes(path.read_bytes()[:-20])
    assert read_embeddings(path, HashingEncoder()) == {}


class NotAgreed(Exception):
    pass


def test_nothing_is_embedded_before_somebody_agreed(tmp_path):
    asked: list[int] = []

    def refuse(texts):
        asked.append(len(texts))
        raise NotAgreed

    encoder = HashingEncoder()
    with pytest.raises(NotAgreed):
        embed_films(MANY, encoder, tmp_path, manner=Manner(refuse))
    assert (asked, encoder.seen) == ([100], [])
    embed_films(MANY[:40], encoder, tmp_path)
    with pytest.raises(NotAgreed):
        embed_films(MANY, encoder, tmp_path, manner=Manner(refuse))
    assert asked == [100, 60]
    embed_films(MANY[:40], encoder, tmp_path, manner=Manner(refuse))


class Half:
    """A batch that leaves every other text out."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def vectors(self, texts, told):
        self.seen += texts
        for text in list(texts)[::2]:
            yield text, HashingEncoder().encode([text])[0]
        told(len(texts), len(texts))


def test_many_texts_go_by_a_batch_and_what_it_leaves_out_one_by_one(tmp_path):
    batch, encoder = Half(), HashingEncoder()
    vectors = embed_films(MANY, encoder, tmp_path, manner=Manner(batch=batch, batch_from=100))
    assert (len(batch.seen), len(encoder.seen)) == (100, 50)
    assert np.array_equal(vectors, embed_films(MANY, HashingEncoder(), tmp_path / "direct"))
    few = Half()
    embed_films(MANY, HashingEncoder("b:64"), tmp_path, manner=Manner(batch=few, batch_from=101))
    assert few.seen == []
