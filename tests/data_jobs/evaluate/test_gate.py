"""The quality gate: today's ranking passes it, and one with a broken signal does not."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from data_jobs.evaluate.gate.__main__ import main
from data_jobs.evaluate.gate.gate import (
    PARTS,
    WATCHED,
    Checked,
    Floor,
    check,
    floors,
    measure,
    values,
    variants,
    written,
)
from data_jobs.report import DataError
from services.recommender.domain.weights import Weights


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    return measure(tmp_path_factory.mktemp("gate"))


def test_quality_has_not_fallen(evaluation):
    """If this fails, a change made recommendations worse: `make gate` prints by how much."""
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
    found = measure(tmp_path, frozenset({part}) - {"models"}, broken)
    [floor] = [each for each in floors() if (each.part, each.metric) == (part, metric)]
    [checked] = check(found, [floor])
    assert not checked.met, str(checked)


def test_every_watched_figure_has_a_floor_and_is_measured(evaluation):
    assert [(each.part, each.model, each.metric) for each in floors()] == list(WATCHED)
    assert set(WATCHED) <= set(values(evaluation))
    assert set(evaluation.parts) == PARTS


def test_a_floor_allows_three_noises():
    floor = Floor("models", "pipeline", "ndcg", 0.4, 0.01)
    assert Checked(floor, 0.37).met
    assert not Checked(floor, 0.3699).met
    assert str(Checked(floor, 0.3)).endswith("TOO LOW")


def test_a_figure_that_is_gone_is_named(evaluation):
    with pytest.raises(DataError, match=r"models, pipeline, nonsense is not measured.*--derive"):
        check(evaluation, [Floor("models", "pipeline", "nonsense", 0.4, 0.01)])


def test_variants_are_a_little_off_everywhere_and_always_the_same():
    one, *others = variants()
    assert one == next(iter(variants()))
    assert one not in others
    for name, value in Weights().to_json().items():
        if isinstance(value, float) and not name.startswith("score_"):
            assert getattr(one, name) == pytest.approx(value, rel=0.05)
    assert one.score_scale == Weights().score_scale


def test_written_floors_read_back(monkeypatch, tmp_path):
    found = [Floor("models", "pipeline, default diversity", "ndcg", 0.4123, 0.0041)]
    (tmp_path / "floors.toml").write_text(written(found))
    monkeypatch.setattr("data_jobs.evaluate.gate.gate.files", lambda package: tmp_path)
    assert floors() == found


def test_the_command_says_what_is_too_low_and_what_to_do(evaluation, capsys, monkeypatch):
    monkeypatch.setattr("data_jobs.evaluate.gate.__main__.measure", lambda home: evaluation)
    assert main([]) == 0
    assert capsys.readouterr().out.count(" ok\n") == len(WATCHED)
    high = [replace(floors()[0], measured=2.0)]
    monkeypatch.setattr("data_jobs.evaluate.gate.__main__.floors", lambda: high)
    assert main([]) == 1
    said = capsys.readouterr()
    assert "TOO LOW" in said.out
    assert "1 of 1 figures" in said.err
    assert "--derive" in said.err


def test_make_has_it():
    makefile = (Path(__file__).resolve().parents[3] / "Makefile").read_text("utf-8")
    assert re.search(
        r"^gate: .*\n\t@\$\(UV\) run --no-sync python -m data_jobs\.evaluate\.gate$", makefile, re.MULTILINE
    )
