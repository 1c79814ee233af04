import numpy as np
import pytest

from data_jobs.evaluate.parts.similar import in_series, most_similar, most_similar_by_genre, pairs, similar
from data_jobs.evaluate.split import liked
from data_jobs.evaluate.workbench import patient
from services.recommender.domain import genres
from services.recommender.similar import similar as films_like
from tests.data_jobs.evaluate import kit


def test_the_most_similar_films_are_those_of_the_service(bench):
    items = films_like(bench.pipeline, 5, 10, patient()).items
    assert most_similar(bench, 5).tolist() == [item.row for item in items]


def test_by_genre_is_jaccard_and_then_popularity(bench):
    catalogue = bench.bundle.catalogue
    names = [set(genres.from_mask(int(bits))) for bits in catalogue.genre_bits]

    def worth(row: int) -> tuple[float, int]:
        return -len(names[row] & names[4]) / max(1, len(names[row] | names[4])), int(bench.ranks[row])

    expected = sorted((row for row in range(kit.FILMS) if row != 4), key=worth)[:10]
    assert most_similar_by_genre(catalogue, bench.ranks, 4).tolist() == expected


class TestPairs:
    def test_a_known_like_has_the_held_out_likes_of_the_same_person(self, bench, holdout):
        drawn = pairs(bench, holdout, 0)
        assert len(drawn) == 2 * len(holdout.relevant)
        events = bench.dataset.events
        for (row, expected), user_id in zip(drawn[::2], holdout.relevant, strict=True):
            code = events.user_ids.index(user_id)
            liked_rows = events.film[(events.user == code) & liked(events)]
            assert row in liked_rows
            assert not np.isin(expected, liked_rows).any()

    def test_a_seed_draws_the_same(self, bench, holdout):
        first, same, second = ([row for row, _ in pairs(bench, holdout, seed)] for seed in (1, 1, 2))
        assert first == same != second


def test_figures_are_paired(bench, holdout):
    result = similar(bench, holdout, 0, kit.Listening())
    assert result.colikes.n == result.jaccard.n == result.ahead.n == 2 * len(holdout.relevant)
    assert result.ahead.mean == pytest.approx(result.colikes.mean - result.jaccard.mean)


def test_a_world_without_series_has_none_to_miss(bench, holdout):
    result = similar(bench, holdout, 0, kit.Listening())
    assert result.series.n == 0
    assert result.missed == ()


@pytest.mark.parametrize(
    ("answers", "shares", "missed"),
    [
        ({0: [1], 1: [2], 2: [0], 3: [4], 4: [3]}, [1.0, 1.0], []),
        ({0: [9], 1: [9], 2: [9], 3: [4], 4: [9]}, [0.0, 0.5], [0, 1, 2, 4]),
        ({0: [3], 1: [4], 2: [0], 3: [], 4: []}, [1 / 3, 0.0], [0, 1, 3, 4]),
    ],
)
def test_a_series_is_found_or_missed_film_by_film(answers, shares, missed):
    progress = kit.Listening()
    result = in_series([(0, 1, 2), (3, 4)], lambda row: np.array(answers[row], np.int32), progress)
    assert result[0].tolist() == pytest.approx(shares)
    assert result[1] == missed
    assert progress.heard[-1] == ("series", 2, 2)
