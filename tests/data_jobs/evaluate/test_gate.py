"""The quality gate: today's ranking passes it, and one with a broken signal does not."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from data_jobs.evaluate.gate.__main__ import main
from data_jobs.evaluate.gate.gate import (
    PARTS,
    WATCHED,
    Floor,
    FloorCheck,
    check,
    floors,
    measure,
    to_toml,
    values,
    variants,
)
from data_jobs.report import DataError
from services.recommender.domain.weights import Weights


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    return measure(tmp_path_factory.mktemp("gate"))


def test_quality_has_not_fallen(evaluation):
    """Fails if a change made recommendations worse; `make gate` prints by how much."""
    low = [str(each) for each in check(evaluation, floors()) if not each.met]
    assert low == []


@pytest.mark.parametrize(
    ("signal", "part", "metric"),
    [
        ("collaborative", "models", "ndcg"),
        ("concept", "focused", "share, genre"),
    ],
)
def test_a_broken_signal_fails(tmp_path, signal, part, metric):
    broken = replace(Weights(), **{signal: 0.0})
    result = measure(tmp_path, frozenset({part}) - {"models"}, broken)
    [floor] = [each for each in floors() if (each.part, each.metric) == (part, metric)]
    [checked] = check(result, [floor])
    assert not checked.met, str(checked)


def test_every_watched_figure_has_a_floor_and_is_measured(evaluation):
    assert [(each.part, each.model, each.metric) for each in floors()] == list(WATCHED)
    assert set(WATCHED) <= set(values(evaluation))
    assert set(evaluation.parts) == PARTS


def test_a_floor_allows_three_noises():
    floor = Floor("models", "pipeline", "ndcg", 0.4, 0.01)
    assert FloorCheck(floor, 0.37).met
    assert not FloorCheck(floor, 0.3699).met
    assert str(FloorCheck(floor, 0.3)).endswith("TOO LOW")


def test_a_figure_that_is_no_longer_measured_is_named(evaluation):
    with pytest.raises(DataError, match=r"models, pipeline, nonsense is not measured.*--derive"):
        check(evaluation, [Floor("models", "pipeline", "nonsense", 0.4, 0.01)])


def test_variants_change_every_weight_a_little_and_are_always_the_same():
    first, *rest = variants()
    assert first == next(iter(variants()))
    assert first not in rest
    for name, value in Weights().to_json().items():
        if isinstance(value, float) and not name.startswith("score_"):
            assert getattr(first, name) == pytest.approx(value, rel=0.05)
    assert first.score_scale == Weights().score_scale


def test_written_floors_read_back(monkeypatch, tmp_path):
    expected = [Floor("models", "pipeline, default diversity", "ndcg", 0.4123, 0.0041)]
    (tmp_path / "floors.toml").write_text(to_toml(expected))
    monkeypatch.setattr("data_jobs.evaluate.gate.gate.files", lambda package: tmp_path)
    assert floors() == expected


def test_the_command_prints_which_figures_are_too_low_and_the_next_step(evaluation, capsys, monkeypatch):
    monkeypatch.setattr("data_jobs.evaluate.gate.__main__.measure", lambda home: evaluation)
    assert main([]) == 0
    assert capsys.readouterr().out.count(" ok\n") == len(WATCHED)
    high = [replace(floors()[0], measured=2.0)]
    monkeypatch.setattr("data_jobs.evaluate.gate.__main__.floors", lambda: high)
    assert main([]) == 1
    output = capsys.readouterr()
    assert "TOO LOW" in output.out
    assert "1 of 1 figures" in output.err
    assert "--derive" in output.err


def test_make_has_a_gate_target():
    makefile = (Path(__file__).resolve().parents[3] / "Makefile").read_text("utf-8")
    assert re.search(
        r"^gate: .*\n\t@\$\(UV\) run --no-sync python -m data_jobs\.evaluate\.gate$", makefile, re.MULTILINE
    )
