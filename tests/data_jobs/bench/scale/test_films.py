from collections import Counter
from itertools import islice

from data_jobs.bench.scale.films import made_up_films, name_of
from data_jobs.catalogue import arranged, build_catalogue
from data_jobs.records import Dataset, Events
from services.recommender.domain.genres import GENRES


def test_every_number_has_its_own_name():
    assert len({name_of(number) for number in range(30_000)}) == 30_000


def test_films_are_reproducible_and_ids_are_distinct():
    films = list(made_up_films(12_000))
    assert films[:50] == list(islice(made_up_films(12_000), 50))
    assert len({film.item_id for film in films}) == 12_000
    assert all(set(film.genres) <= set(GENRES) and film.genres for film in films)


def test_the_best_known_come_first_and_words_and_people_recur():
    films = list(made_up_films(3_000))
    votes = [film.vote_count for film in films]
    assert votes == sorted(votes, reverse=True)
    words = Counter(word for film in films for word in film.overview.split())
    assert words.most_common(1)[0][1] > 20 * words.total() / len(words)
    catalogue = build_catalogue(arranged(Dataset(tuple(films), Events.empty(), ())).films, Events.empty())
    assert (catalogue.series >= 0).any()
    assert catalogue.traits.films.min() >= 2
