"""A whole evaluation, from files to figures, and on the command line."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.evaluation import DEFAULT, DIVERSE, PIPELINE, EvaluationOrder
from data_jobs.evaluate.registry import PARTS
from data_jobs.evaluate.runner import evaluate
from data_jobs.evaluate.split import SplitKind, draw
from data_jobs.report import DataError
from data_jobs.validate import Source
from services.cli.evaluate import PARTS as OPTIONS
from services.cli.main import main
from services.recommender.domain.weights import Weights
from tests.builders import HashEncoder
from tests.data_jobs.evaluate import kit
from tests.movielens_layout import write_movielens

# Some need PyTorch, which may not be installed.
NAMES = [part.name for part in PARTS if part.is_available]


@pytest.fixture(scope="module")
def movielens(tmp_path_factory):
    folder = tmp_path_factory.mktemp("movielens")
    write_movielens(kit.dataset(), folder)
    (folder / "tags.csv").unlink()  # there are none
    return folder


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    path = tmp_path_factory.mktemp("params") / "params.json"
    path.write_text(json.dumps({"train": {"ridge": 20.0}}))
    return path


@pytest.fixture(scope="module")
def whole(movielens, params, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    order = EvaluationOrder(
        home, Source(movielens=movielens), HashEncoder(), parts=frozenset(NAMES), params=params, seed=2
    )
    return evaluate(order, kit.Listening()), home


class TestEvaluate:
    def test_all_models_are_compared(self, whole):
        evaluation, _ = whole
        baselines = [
            "popularity",
            "content",
            "content, centred",
            "plain EASE",
            "PureSVD",
            "playbook preset",
            "svd preset",
        ]
        assert [row.model for row in evaluation.models] == [*baselines, PIPELINE, DEFAULT, DIVERSE]
        assert set(evaluation.row(PIPELINE).against) == {"popularity", "plain EASE"}
        assert len({row.ndcg.n for row in evaluation.models}) == 1

    def test_all_parts_ran_and_took_time(self, whole):
        evaluation, _ = whole
        assert list(evaluation.parts) == NAMES
        assert set(NAMES) < set(evaluation.seconds)

    def test_only_vectors_are_left_in_the_home(self, whole):
        _, home = whole
        assert [path.name for path in home.iterdir()] == ["cache"]

    def test_the_setting_describes_the_evaluation(self, whole):
        setting = whole[0].setting
        assert (setting.films, setting.people, setting.events) == (kit.FILMS, kit.VIEWERS, kit.VIEWERS * 25)
        assert (setting.holdout, setting.kind, setting.fixed, setting.small) == (
            "random, seed 2",
            "random",
            False,
            False,
        )
        assert setting.params["ridge"] == 20.0
        assert setting.weights == Weights().to_json()

    def test_an_unknown_model_has_no_row(self, whole):
        with pytest.raises(KeyError):
            whole[0].row("two-tower")

    def test_only_requested_parts_run(self, movielens, params, tmp_path):
        order = EvaluationOrder(tmp_path, Source(movielens=movielens), None, params=params, split=SplitKind.TIME)
        evaluation = evaluate(order, kit.Listening())
        assert evaluation.parts == {}
        assert evaluation.setting.kind is SplitKind.TIME
        assert "content" not in {row.model for row in evaluation.models}

    def test_the_same_order_gives_the_same_figures(self, movielens, params, tmp_path):
        order = EvaluationOrder(tmp_path, Source(movielens=movielens), None, params=params, seed=4)
        assert evaluate(order, kit.Listening()).models == evaluate(order, kit.Listening()).models

    def test_a_catalogue_without_events_is_refused(self, tmp_path):
        path = tmp_path / "films.jsonl"
        path.write_text('{"item_id": "1", "title": "Heat"}\n')
        with pytest.raises(DataError, match="no events"):
            evaluate(EvaluationOrder(tmp_path, Source(catalogue=(path,))), kit.Listening())


class TestCommandLine:
    def run(self, capsys, home, monkeypatch, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("MARQUEE_HOME", str(home))
        monkeypatch.chdir(home)
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
        code = main(["evaluate", "--encoder", "none", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    def test_prints_tables_and_writes_files(self, capsys, tmp_path, monkeypatch, movielens, params):
        arguments = ("--movielens", str(movielens), "--params", str(params), "--queries")
        code, out, _ = self.run(capsys, tmp_path, monkeypatch, *arguments)
        assert code == 0
        assert "pipeline, default diversity" in out
        assert "exact title first" in out
        assert {path.name for path in (tmp_path / "artifacts/eval").iterdir()} == {
            "random-seed-0.json", "random-seed-0.csv", "random-seed-0.svg"
        }  # fmt: skip

    def test_json_equals_the_written_file(self, capsys, tmp_path, monkeypatch, movielens, params):
        holdout = tmp_path / "mine.csv"
        relevant = draw(kit.dataset(), SplitKind.RANDOM, 0).relevant
        with holdout.open("w", newline="") as file:
            lines = ((user, item, "positive") for user, items in relevant.items() for item in items)
            csv.writer(file).writerows([("userId", "movieId", "kind"), *lines])
        arguments = ("--movielens", str(movielens), "--params", str(params), "--holdout", str(holdout), "--json")
        code, out, _ = self.run(capsys, tmp_path, monkeypatch, *arguments, "--out", str(tmp_path / "figures"))
        assert code == 0
        assert json.loads(out) == json.loads((tmp_path / "figures/mine.json").read_text())
        assert json.loads(out)["setting"]["holdout"] == "mine.csv"

    def test_a_file_and_a_split_do_not_go_together(self, capsys, tmp_path, monkeypatch):
        code, _, err = self.run(capsys, tmp_path, monkeypatch, "--holdout", "x.csv", "--split", "time")
        assert code == 2
        assert "give only one" in err

    def test_the_global_split_includes_the_arrivals(self, capsys, tmp_path, monkeypatch, params):
        data = kit.dataset()
        events, last = data.events, data.events.ts_ms[-1]
        back = last + np.where(np.arange(len(events)) % 25 < 20, 0, kit.DAY_MS)  # thirty people have late events
        folder = tmp_path / "movielens"
        ts_ms = np.where(events.user < 30, back, events.ts_ms)
        write_movielens(replace(data, events=replace(events, ts_ms=ts_ms)), folder)
        arguments = ("--movielens", str(folder), "--params", str(params), "--split", "global")
        code, out, err = self.run(capsys, tmp_path, monkeypatch, *arguments)
        assert (code, err) == (0, "")
        assert "People who arrived after training" in out
        assert {path.stem for path in (tmp_path / "artifacts/eval").iterdir()} == {"global-seed-0"}

    def test_help_names_the_parts(self, capsys, tmp_path, monkeypatch):
        code, out, _ = self.run(capsys, tmp_path, monkeypatch, "--help")
        assert code == 0
        for option in ("--holdout", "--split", "--seed", "--all", *(f"--{name}" for name in NAMES)):
            assert option in out
        assert all(help_text in " ".join(out.split()) for help_text in OPTIONS.values())
