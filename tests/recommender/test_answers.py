"""Lines of answers: what a film is called by."""

from dataclasses import replace

import numpy as np

from services.recommender.answers import affinity
from services.recommender.domain.request import Pick
from services.recommender.domain.strings import Strings
from tests.builders import make_catalogue

CATALOGUE = make_catalogue(3)


def test_a_film_is_named_by_a_number_where_there_is_one_else_by_its_id():
    catalogue = replace(
        CATALOGUE,
        item_ids=Strings.of(["6", "tt0113277", "tt0114709"]),
        tmdb_ids=np.array([949, 862, 0], np.int32),
    )
    lines = [affinity(catalogue, Pick(row=row, score=0.5)) for row in range(3)]
    assert [line["movie_id"] for line in lines] == [6, 862, "tt0114709"]
