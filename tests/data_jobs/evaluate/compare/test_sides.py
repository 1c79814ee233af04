"""How sides are named, and that none is measured on likes that it was trained on."""

import csv
import json
from dataclasses import replace

import pytest

from data_jobs.build import Order as BuildOrder
from data_jobs.build import build
from data_jobs.evaluate.compare.run import run
from data_jobs.evaluate.compare.sides import SideKind, named
from data_jobs.evaluate.evaluation import EvaluationOrder
from data_jobs.evaluate.split import SplitKind, draw
from data_jobs.report import DataError, Silent
from data_jobs.validate import Source
from services.recommender.domain.request import Preset
from services.recommender.domain.weights import Weights
from services.recommender.errors import BundleMissing
from tests.data_jobs.evaluate import kit
from tests.movielens_layout import write_movielens


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("movielens")
    write_movielens(kit.dataset(), folder)
    (folder / "tags.csv").unlink()
    return Source(movielens=folder)


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    path = tmp_path_factory.mktemp("params") / "params.json"
    path.write_text(json.dumps({"train": {"ridge": 20.0}}))
    return path


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    path = tmp_path_factory.mktemp("holdout") / "mine.csv"
    relevant = draw(kit.dataset(), SplitKind.RANDOM, 0).relevant
    with path.open("w", newline="") as file:
        lines = ((user, item, "positive") for user, items in relevant.items() for item in items)
        csv.writer(file).writerows([("userId", "movieId", "kind"), *lines])
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory, source, params, held_out):
    """A home with a bundle built without the hidden likes (active), and one trained on them."""
    home = tmp_path_factory.mktemp("home")
    for holdout in (None, held_out):
        build(BuildOrder(home, source, holdout=holdout, params=params), Silent())
    return home


def versions(home):
    active = json.loads((home / "current.json").read_text())
    return active["version"], active["previous"]


def test_presets_are_known_by_name(tmp_path):
    order = EvaluationOrder(tmp_path)
    assert named("default", order).weights == Weights()
    assert named("playbook", order).weights.formula == "playbook"
    assert named("svd", order).preset is Preset.SVD


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("mine.json", '{"weights": {"traits": 2, "concept": 0.5}}'),
        ("mine.toml", "[weights]\ntraits = 2\nconcept = 0.5"),
    ],
)
def test_a_file_of_weights_keeps_the_training_of_the_others(tmp_path, params, file, content):
    path = tmp_path / file
    path.write_text(content)
    result = named(str(path), EvaluationOrder(tmp_path, params=params))
    assert (result.name, result.kind, result.params.ridge) == ("mine", SideKind.WEIGHTS, 20.0)
    assert result.weights == Weights(traits=2.0, concept=0.5)


def test_a_wrong_file_of_weights_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[weights]\nfame = 2")
    with pytest.raises(DataError, match=r"mine.toml.*unknown weight 'fame'"):
        named(str(path), EvaluationOrder(tmp_path))


def test_an_unknown_name_is_refused_with_what_is_accepted(tmp_path):
    with pytest.raises(DataError, match=r"--compare defualt: expected a preset \(default"):
        named("defualt", EvaluationOrder(tmp_path))
    with pytest.raises(BundleMissing, match="no bundle"):
        named("0123456789abcdef", EvaluationOrder(tmp_path))


def test_a_bundle_that_may_know_the_hidden_likes_is_refused(home, held_out):
    _, knowing = versions(home)
    with pytest.raises(DataError, match="give --holdout FILE"):
        named("active", EvaluationOrder(home))
    with pytest.raises(DataError, match=r"was not built with --holdout mine\.csv"):
        named(knowing, EvaluationOrder(home, holdout=held_out))


def test_a_bundle_built_without_them_is_named_by_version_folder_or_active(home, held_out):
    version, _ = versions(home)
    order = EvaluationOrder(home, holdout=held_out)
    names = ("active", version, str(home / "bundles" / version))
    assert {named(name, order).path for name in names} == {home / "bundles" / version}


def test_a_bundle_ranks_as_the_weights_it_was_built_with(home, source, params, held_out):
    version, _ = versions(home)
    result = run(EvaluationOrder(home, source, holdout=held_out, params=params), ("active", "default"), Silent())
    assert (result.a, result.kinds, result.holdout) == (version, ("bundle", "preset"), "mine.csv")
    assert result.figure("NDCG@10").b_less_a.mean == 0
    assert result.moves.same == 1


def test_data_with_other_films_than_the_bundle_is_refused(home, params, held_out, tmp_path):
    data = kit.dataset()
    folder = tmp_path / "movielens"
    more = (*data.films, replace(data.films[0], item_id="999", title="Another"))
    write_movielens(replace(data, films=more), folder)
    with pytest.raises(DataError, match=r"has 90 films and lacks 1 of the 91"):
        run(
            EvaluationOrder(home, Source(movielens=folder), holdout=held_out, params=params),
            ("active", "default"),
            Silent(),
        )


def test_training_parameters_are_compared_too(home, source, params, tmp_path):
    strong = tmp_path / "strong.json"
    strong.write_text(json.dumps({"train": {"ridge": 5000.0}}))
    result = run(EvaluationOrder(tmp_path, source, params=params), ("default", str(strong)), Silent())
    assert (result.a, result.b) == ("default", "strong")
    assert result.moves.same < 1


def test_a_side_is_not_compared_with_itself(home, source, tmp_path):
    same = tmp_path / "same.json"
    same.write_text("{}")
    with pytest.raises(DataError, match="are the same; name two that differ"):
        run(EvaluationOrder(home, source), ("default", str(same)), Silent())


def test_files_of_one_name_get_distinct_names(source, params, tmp_path):
    paths = []
    for folder, traits in (("a", 0), ("b", 9)):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "weights.json")
        paths[-1].write_text(json.dumps({"weights": {"traits": traits}}))
    result = run(EvaluationOrder(tmp_path, source, params=params), (str(paths[0]), str(paths[1])), Silent())
    assert (result.a, result.b) == (str(paths[0]), str(paths[1]))
