"""A whole search over made-up films, in Python and on the command line."""

import csv
import json

import pytest

from data_jobs.build import read_params
from data_jobs.evaluate.evaluation import EvaluationOrder
from data_jobs.evaluate.split import SplitKind, draw
from data_jobs.report import DataError
from data_jobs.tuning.tune import TuningOrder, document, tune
from data_jobs.validate import Source
from services.cli.main import main
from services.recommender.domain.weights import Weights
from tests.data_jobs.evaluate import kit
from tests.movielens_layout import write_movielens

NAMES = ("mmr_likeness", "recency_span")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("movielens")
    write_movielens(kit.dataset(), folder)
    (folder / "tags.csv").unlink()
    return Source(movielens=folder)


@pytest.fixture(scope="module")
def poor(tmp_path_factory):
    """Return parameters with so much diversity that nearly any other weight finds more."""
    path = tmp_path_factory.mktemp("params") / "poor.toml"
    path.write_text("[train]\nridge = 20\n[weights]\nmmr_likeness = 20\n")
    return path


@pytest.fixture(scope="module")
def tuned(source, poor, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    tuning = TuningOrder(8, NAMES, home / "eval")
    return tune(EvaluationOrder(home, source, params=poor), tuning, kit.Listening())


def test_the_first_trial_is_the_weights_in_use_with_worth_1(tuned):
    assert tuned.trials[0].worth == pytest.approx(1)
    assert tuned.trials[0].values == {"mmr_likeness": 20, "recency_span": Weights().recency_span}
    assert len(tuned.trials) == 8


def test_the_best_is_better_for_people_who_did_not_choose_it(tuned):
    assert tuned.best.worth == max(trial.worth for trial in tuned.trials) > 1
    assert tuned.chosen_by.low > 0
    assert tuned.judged_by.low > 0
    assert tuned.better
    assert all(group.after >= group.before for group in tuned.groups if group.group.startswith("whole"))


def test_the_best_is_written_as_parameters_of_a_build(tuned):
    params, weights = read_params(tuned.weights)
    assert params.ridge == 20
    assert {name: getattr(weights, name) for name in tuned.best.values} == tuned.best.values
    assert weights.concept == Weights().concept
    assert set(json.loads(tuned.weights.read_text())["weights"]) <= set(tuned.best.values)


def test_every_trial_is_in_the_file(tuned):
    with tuned.sweep.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["worth"]) for row in rows] == [trial.worth for trial in tuned.trials]


def test_an_interrupted_search_resumes_to_the_same_best(source, poor, tmp_path, tuned):
    order = EvaluationOrder(tmp_path, source, params=poor)
    half = tune(order, TuningOrder(4, NAMES, tmp_path), kit.Listening())
    with half.sweep.open("a") as file:
        file.write("the beginning of a li")
    listening = kit.Listening()
    resumed = tune(order, TuningOrder(8, NAMES, tmp_path), listening)
    assert resumed.resumed == 4
    assert [trial.values for trial in resumed.trials] == [trial.values for trial in tuned.trials]
    assert [trial.worth for trial in resumed.trials] == [trial.worth for trial in tuned.trials]
    tried = [done for step, done, _ in listening.heard if step == "trying weights"]
    assert tried == [4, 5, 6, 7, 8]


def test_another_search_is_refused_unless_fresh(source, poor, tmp_path):
    order = EvaluationOrder(tmp_path, source, params=poor)
    tune(order, TuningOrder(2, NAMES, tmp_path), kit.Listening())
    with pytest.raises(DataError, match="--fresh"):
        tune(order, TuningOrder(2, ("sequels",), tmp_path), kit.Listening())
    assert tune(order, TuningOrder(2, ("sequels",), tmp_path, fresh=True), kit.Listening()).resumed == 0


def test_the_holdout_is_never_seen(source, poor, tmp_path):
    held_out = tmp_path / "mine.csv"
    relevant = draw(kit.dataset(), SplitKind.RANDOM, 0).relevant
    with held_out.open("w", newline="") as file:
        lines = ((user, item, "positive") for user, items in relevant.items() for item in items)
        csv.writer(file).writerows([("userId", "movieId", "kind"), *lines])
    order = EvaluationOrder(tmp_path, source, params=poor, holdout=held_out)
    result = tune(order, TuningOrder(1, NAMES, tmp_path), kit.Listening())
    assert result.sweep.name == "sweep_mine_seed-0.csv"
    # A changed holdout changes the training data, so the trials so far do not count.
    held_out.write_text("\n".join(held_out.read_text().splitlines()[:-40]) + "\n")
    with pytest.raises(DataError, match="holds a search over other data"):
        tune(order, TuningOrder(1, NAMES, tmp_path), kit.Listening())


def test_the_document_is_json_with_both_margins(tuned):
    parsed = json.loads(json.dumps(document(tuned), allow_nan=False))
    assert parsed["margin"]["judged_by"]["low"] > 0
    assert parsed["better"] is True
    assert parsed["changed"]["mmr_likeness"]["from"] == 20


class TestCommandLine:
    def run(self, capsys, tmp_path, monkeypatch, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("MARQUEE_HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        code = main(["tune", "--encoder", "none", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    def test_prints_the_best_and_the_next_command(self, capsys, tmp_path, monkeypatch, source, poor):
        data = ("--movielens", str(source.movielens), "--params", str(poor))
        weights = ("--weight", "mmr_likeness", "--weight", "recency_span")
        code, out, _ = self.run(capsys, tmp_path, monkeypatch, *data, *weights, "--trials", "6")
        assert code == 0
        assert "6 trials on validation splits of" in out
        assert f"marquee build --movielens {source.movielens} --params artifacts/eval/weights_all_seed-0.json" in out
        second_code, printed, _ = self.run(capsys, tmp_path, monkeypatch, *data, *weights, "--trials", "6", "--json")
        assert second_code == 0
        assert json.loads(printed)["resumed"] == 6

    def test_a_best_by_luck_is_not_recommended(self, capsys, tmp_path, monkeypatch, source):
        data = ("--movielens", str(source.movielens), "--weight", "sequels", "--trials", "2")
        code, out, _ = self.run(capsys, tmp_path, monkeypatch, *data)
        assert code == 0
        assert "marquee build" not in out

    def test_an_unknown_weight_is_named(self, capsys, tmp_path, monkeypatch):
        code, _, err = self.run(capsys, tmp_path, monkeypatch, "--weight", "fame")
        assert code == 1
        assert "weight 'fame' cannot be searched" in err
