"""Data growth: the same people and more ratings, with and without votes, and the baselines."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.evaluation import PIPELINE, EvaluationOrder
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.parts.growth import CONTENT, WITHOUT_VOTES, Growth, grown, part, without_votes
from data_jobs.evaluate.protocol import measure
from data_jobs.evaluate.ranking_models import ContentModel, MostLiked, PipelineModel
from tests.data_jobs.evaluate import kit


def voted(dataset):
    films = [replace(film, vote_count=10 * at, vote_average=8.0 - at / 20) for at, film in enumerate(dataset.films)]
    return replace(dataset, films=tuple(films))


def job_of(bench, holdout, folder, dataset) -> Job:
    cases = bench.people.cases(holdout.relevant)
    models = [PipelineModel(bench, 0.0), MostLiked(bench)]
    models += [ContentModel(bench.bundle, centred=True)] if bench.bundle.embeddings is not None else []
    results = {model.name: measure(model, cases, bench, kit.Listening()) for model in models}
    workshop = kit.workshop(folder, vectors=bench.bundle.embeddings is not None)
    return Job(
        EvaluationOrder(folder, seed=1), dataset, holdout, workshop, bench, 20.0, cases, results, kit.Listening()
    )


@pytest.fixture(scope="module")
def result(bench, holdout, tmp_path_factory) -> Growth:
    bench = replace(bench, dataset=voted(bench.dataset))
    holdout = replace(holdout, training=voted(holdout.training))
    return part(job_of(bench, holdout, tmp_path_factory.mktemp("growth"), voted(kit.dataset())))


def test_fewer_ratings_are_within_more_and_the_last_point_has_all(holdout):
    points = list(grown(holdout.training, seed=1))
    total = len(holdout.training.events)
    assert [ratings for ratings, _ in points] == [0, 1_000, total]
    assert [len(training.events) for _, training in points] == [0, 1_000, total]
    pairs = [
        set(zip(training.events.user.tolist(), training.events.film.tolist(), strict=True)) for _, training in points
    ]
    assert pairs[0] < pairs[1] < pairs[2]


def test_the_seed_decides_the_draw(holdout):
    first, second, again = (list(grown(holdout.training, seed))[1][1].events.film.tolist() for seed in (1, 2, 1))
    assert first == again != second


def test_without_votes_the_films_are_otherwise_the_same():
    films = without_votes(voted(kit.dataset())).films
    assert {(film.vote_count, film.vote_average) for film in films} == {(None, None)}
    assert [film.title for film in films] == [film.title for film in kit.films()]


def test_the_same_people_at_every_point(result, holdout):
    assert {model.ndcg.n for point in result.points for model in point.models.values()} == {len(holdout.relevant)}


def test_each_point_has_the_baselines(result):
    constant = {"votes", "log votes x average", CONTENT}
    for point in result.points:
        popular = {"popularity"} if point.ratings else set()
        assert set(point.models) == {PIPELINE, WITHOUT_VOTES} | popular | constant
    for model in constant:
        assert len({point.models[model].ndcg for point in result.points}) == 1


def test_differences_are_those_of_the_figures(result):
    for point in result.points:
        pipeline = point.models[PIPELINE]
        assert (pipeline.ahead.mean, pipeline.ahead.se) == (0, 0)
        for model in point.models.values():
            assert model.ahead.mean == pytest.approx(pipeline.ndcg.mean - model.ndcg.mean)


def test_ratings_help(result):
    # Without votes; with them these few films are ranked well without a rating.
    first, *_, last = (point.models[WITHOUT_VOTES].ndcg.mean for point in result.points)
    assert last > first


def test_films_without_votes_need_no_second_training(plain_bench, holdout, tmp_path):
    result = part(job_of(plain_bench, holdout, tmp_path, kit.dataset()))
    assert [set(point.models) for point in result.points] == [
        {PIPELINE},
        {PIPELINE, "popularity"},
        {PIPELINE, "popularity"},
    ]
    assert len(list(result.bars())) == 2
    assert not list(tmp_path.iterdir())


def test_reports(result):
    [table] = result.tables()
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert [bar.name.split(" ratings")[0] for bar in result.bars()] == [f"{point.ratings:,}" for point in result.points]
    assert len(list(result.panels())) == len(result.points)
    values = [value for _, _, value in result.figures()]
    assert len(values) == 3 * sum(len(point.models) for point in result.points)
    assert np.isfinite([value.mean for value in values]).all()
