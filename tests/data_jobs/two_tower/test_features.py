"""Features of films, the tag genome from generated files, the hidden likes, and the training examples."""

import numpy as np
import pytest

from data_jobs.report import DataError
from data_jobs.two_tower.examples import Examples, bags_of
from data_jobs.two_tower.features import features_of
from data_jobs.two_tower.genome import Genome, read_genome
from data_jobs.two_tower.hidden import hide
from data_jobs.two_tower.params import Loss, TowerParams
from tests.data_jobs.evaluate.kit import dataset
from tests.data_jobs.two_tower.kit import interactions

FILMS = dataset().films
GENOME_TAGS = "tagId,tag\n1,007\n2,dystopia\n"
GENOME_SCORES = "movieId,tagId,relevance\n100,1,0.9\n100,2,0.1\n103,1,0.5\n103,2,0.7\n"


def write_genome(folder, tags=GENOME_TAGS, scores=GENOME_SCORES):
    for name, text in (("genome-tags.csv", tags), ("genome-scores.csv", scores)):
        if text is not None:
            (folder / name).write_text(text)
    return folder


def test_features_are_named_and_centred_and_blocks_have_equal_weight():
    features = features_of(FILMS)
    assert features.values.dtype == np.float32
    assert features.values.shape == (len(FILMS), len(features.names))
    assert {"genre Western", "years from 1960", "tags 0"} <= set(features.names)
    assert np.abs(features.values.mean(axis=0)).max() < 1e-5
    for kind in ("genre", "years", "tags"):
        block = features.values[:, [name.startswith(kind) for name in features.names]]
        assert (block**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-4)


def test_films_without_tags_have_no_tag_columns():
    untagged = [type(film)(item_id=film.item_id, title=film.title) for film in FILMS[:5]]
    assert features_of(untagged).values.shape == (5, 0)


def test_text_vectors_and_the_genome_are_optional_features(tmp_path):
    vectors = np.eye(len(FILMS), 4, dtype=np.float32)
    features = features_of(FILMS, read_genome(write_genome(tmp_path)), vectors)
    assert {"genome 007", "genome dystopia", "text 0", "text 3"} <= set(features.names)


def test_a_film_without_a_genome_gets_the_mean(tmp_path):
    genome = read_genome(write_genome(tmp_path))
    assert (genome.tags, genome.item_ids) == (("007", "dystopia"), ("100", "103"))
    assert genome.of(["103", "1", "100"]) == pytest.approx(np.array([[0.5, 0.7], [0.7, 0.4], [0.9, 0.1]]))


def test_a_generated_genome_is_read_completely(tmp_path):
    rng = np.random.default_rng(0)
    relevance = rng.random((40, 30)).astype(np.float32)
    tags = "tagId,tag\n" + "".join(f'{at + 1},"tag, {at}"\n' for at in range(30))
    cells = [(film, tag) for film in range(40) for tag in range(30)]
    rng.shuffle(cells)
    lines = [f"{film + 1},{tag + 1},{relevance[film, tag]:.8f}\n" for film, tag in cells]
    genome = read_genome(write_genome(tmp_path, tags, "movieId,tagId,relevance\n" + "".join(lines)))
    assert genome.tags[3] == "tag, 3"
    assert np.abs(genome.of([str(film + 1) for film in range(40)]) - relevance).max() < 1e-6


def test_a_folder_without_a_genome_has_none(tmp_path):
    assert read_genome(tmp_path) is None


@pytest.mark.parametrize(
    ("tags", "scores", "message"),
    [
        (GENOME_TAGS, None, r"genome-scores\.csv is missing"),
        (None, GENOME_SCORES, r"genome-tags\.csv is missing"),
        ("tagId,name\n1,007\n", GENOME_SCORES, r"genome-tags\.csv: not readable as tagId, tag"),
        ("tagId,tag\n", GENOME_SCORES, "expected 1 to 10,000 tags"),
        ("tagId,tag\n1,a\n1,b\n", GENOME_SCORES, "each id once"),
        (GENOME_TAGS, "movieId,tagId,relevance\n100,1,0.5\n100,7,0.1\n", r"genome-scores\.csv:3: expected a tagId"),
        (GENOME_TAGS, "movieId,tagId,relevance\n100,1,1.5\n", r"genome-scores\.csv:2: expected 0 to 1"),
        (GENOME_TAGS, "movieId,tagId,relevance\n100,1,much\n", "not readable"),
        (GENOME_TAGS, "movieId,tagId,relevance\n100,1,\n", "an empty cell"),
    ],
)
def test_an_invalid_genome_is_refused(tmp_path, tags, scores, message):
    with pytest.raises(DataError, match=message):
        read_genome(write_genome(tmp_path, tags, scores))


def test_a_genome_of_one_film_gives_its_values_to_all():
    genome = Genome(("a",), ("1",), np.array([[0.25]], np.float32))
    assert genome.of(["1", "2"]).ravel().tolist() == [0.25, 0.25]


def test_a_fifth_of_each_persons_likes_and_other_events_is_hidden():
    events = interactions()
    hidden = hide(events, 0)
    likes = np.bincount(events.person[events.liked], minlength=events.people)
    assert hidden.people.tolist() == np.flatnonzero(likes >= 5).tolist()
    assert np.diff(hidden.relevant.indptr).tolist() == np.rint(0.2 * likes[hidden.people]).tolist()
    assert hidden.relevant.multiply(hidden.seen).nnz == 0
    removed = len(events) - len(hidden.rest)
    assert removed > hidden.relevant.nnz
    same_seed, other_seed = hide(events, 0), hide(events, 1)
    assert (same_seed.relevant != hidden.relevant).nnz == 0
    assert (other_seed.relevant != hidden.relevant).nnz > 0


def test_every_like_is_in_one_batch_with_its_weight_in_the_history():
    examples = Examples(interactions())
    likes = []
    for batch in examples.batches(64, 0.5, np.random.default_rng(0)):
        likes += zip(batch.person.tolist(), batch.film.tolist(), strict=True)
        films = np.split(batch.bags.films, batch.bags.offsets[1:])
        weights = np.split(batch.bags.weights, batch.bags.offsets[1:])
        assert batch.people[batch.place].tolist() == batch.person.tolist()
        for place, film, weight in zip(batch.place, batch.film, batch.weight, strict=True):
            assert weights[place][films[place] == film].tolist() == [weight]
        assert batch.bags.length == pytest.approx([bag.sum() for bag in weights])
    assert sorted(likes) == sorted(zip(examples.person.tolist(), examples.film.tolist(), strict=True))
    assert len(likes) == len(examples)


def test_liked_films_are_marked_per_person():
    examples = Examples(interactions())
    batch = next(examples.batches(16, 0.0, np.random.default_rng(0)))
    films = np.arange(90)
    expected = [[examples.liked[person, film] > 0 for film in films] for person in batch.person]
    assert examples.are_liked(batch, films).tolist() == expected
    assert bags_of(examples.history).length.sum() == pytest.approx(examples.history.sum())


@pytest.mark.parametrize("invalid", [{"dims": 0}, {"rate": 0.0}, {"margin": 3.0}, {"patience": 0}, {"id_dropout": 1.0}])
def test_an_invalid_parameter_is_named(invalid):
    with pytest.raises(ValueError, match=f"two-tower parameter {next(iter(invalid))} must be"):
        TowerParams.of(Loss.SOFTMAX, **invalid)
