"""`marquee bench` on the command line."""

import json
from pathlib import Path

import pytest

from data_jobs.bench.over_http import BenchFailed
from data_jobs.bench.scale import sizes
from services.cli import bench_engines, bench_tables
from services.cli.bench_engines import EngineChoice, StateChoice
from services.cli.console import ExitCode
from services.cli.main import main
from services.settings import Settings, load_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(capsys, *arguments):
    capsys.readouterr()
    code = main(["bench", *arguments])
    return code, *capsys.readouterr()


def test_the_sample_is_measured_and_written(home, tmp_path, capsys):
    out = tmp_path / "artifacts" / "bench.json"
    code, printed, _ = run(capsys, "--encoder", "none", "--requests", "100", "--json", "--out", str(out))
    assert code == ExitCode.OK
    document = json.loads(printed)
    assert document == json.loads(out.read_text(encoding="utf-8"))
    parts = {"machine", "bundle", "engines", "http", "pipeline", "encoder", "index", "units", "explain", "targets"}
    assert parts == set(document)
    text = "\n".join(bench_tables.lines_of(document))
    for heading in ("verdict", "request, ms over HTTP", "pipeline alone, ms; events", "other figures"):
        assert heading in text
    assert "simulated viewers" in text
    assert "DynamoDB" not in text
    verdicts = {verdict["what"]: verdict for verdict in document["targets"]}
    assert verdicts["/recommend uncached, p50"]["met"] is None, "its target is set for 62,000 films"
    explanations = verdicts["explanations by template, added to 20 films, p50"]
    assert explanations["met"] is (explanations["measured"] <= 1), "either verdict: tests do not depend on the machine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--films", "100"), "--films N and --metadata FILE must be given together"),
        (("--metadata", "x.jsonl"), "--films N and --metadata FILE must be given together"),
        (("--films", "100", "--metadata", "x.jsonl"), "x.jsonl: no such file"),
        (("--real-text", "--encoder", "none"), "needs an encoder"),
        (("--tmdb", "x.jsonl"), "x.jsonl: no such file"),
        (("--requests", "5"), "100"),
        (("10000",), "SIZES and --train require --scale"),
        (("--train",), "SIZES and --train require --scale"),
        (("--scale", "10"), "--scale 10: expected numbers of films, at least 1,000"),
    ],
)
def test_invalid_options_are_refused_at_once(home, capsys, arguments, message):
    code, printed, error = run(capsys, *arguments)
    assert code == ExitCode.USAGE
    assert message in error
    assert not printed
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (("--search", "opensearch"), {}, "OPENSEARCH_ENDPOINT is not set"),
        (("--state", "dynamodb"), {}, "DDB_ENDPOINT is not set"),
        (("--state", "dynamodb"), {"DDB_USERS_TABLE": "people", "AWS_REGION": "eu-central-1"}, "DDB_ENDPOINT is not"),
        (
            ("--state", "dynamodb"),
            {"DDB_ENDPOINT": "https://dynamodb.eu-central-1.amazonaws.com"},
            "only on a local server",
        ),
        (
            ("--search", "opensearch"),
            {"OPENSEARCH_ENDPOINT": "https://abc.eu-central-1.aoss.amazonaws.com"},
            "is in an AWS account",
        ),
        (("--search", "opensearch", "--state", "dynamodb"), {"OPENSEARCH_ENDPOINT": "http://127.0.0.1:1"}, "DDB_ENDP"),
    ],
)
def test_servers_that_are_not_named_or_not_local_are_refused(
    home, monkeypatch, capsys, arguments, environment, message
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, printed, error = run(capsys, *arguments)
    assert code == ExitCode.USAGE
    assert message in error
    assert "`make servers`" in error
    assert not printed
    assert not home.exists()


def test_a_size_is_measured_and_leaves_nothing_behind(home, tmp_path, capsys):
    out = tmp_path / "artifacts" / "scale.json"
    code, printed, _ = run(capsys, "--scale", "1000", "--encoder", "none", "--out", str(out))
    assert code == ExitCode.OK
    (size,) = json.loads(out.read_text(encoding="utf-8"))["sizes"]
    assert size["films"] == 1_000
    assert size["found"] == 1.0, "all films of a small catalogue are compared"
    assert set(size["same_page"].values()) == {1.0}
    assert min(size["cpu_ms"].values()) > 0
    assert size["bundle_mb"] > 1
    assert (tmp_path / "artifacts" / "scale.svg").read_text(encoding="utf-8").startswith("<svg")
    assert not list((home / "bench").iterdir())
    lines = printed.splitlines()
    assert (
        next(line for line in lines if line.startswith("50 ratings")).split()[2]
        == f"{size['cpu_ms']['50 ratings']:.4g}"
    )
    assert any(line.startswith("CPU of the build, s") for line in lines)


def test_a_failed_build_of_a_size_names_the_step(home, monkeypatch, capsys):
    monkeypatch.setattr(sizes, "_RELEASE", "data_jobs.bench.scale.missing")
    code, printed, error = run(capsys, "--scale", "1000")
    assert code == ExitCode.FAILED
    assert "data_jobs.bench.scale.missing" in error
    assert not printed


def test_the_figures_of_a_size_outlast_the_failure_of_the_next(home, tmp_path, monkeypatch, capsys):
    def child(module, folder, *arguments):
        if module == sizes._RELEASE and arguments[0] == "2000":
            raise BenchFailed("no memory")
        return {"films": 1_000, "cpu": {}, "cpu_ms": {"similar": 3.5}}

    monkeypatch.setattr(sizes, "_child", child)
    out = tmp_path / "scale.json"
    code, _, error = run(capsys, "--scale", "1000", "2000", "--out", str(out))
    assert code == ExitCode.FAILED
    assert "no memory" in error
    (size,) = json.loads(out.read_text(encoding="utf-8"))["sizes"]
    assert size["cpu_ms"] == {"similar": 3.5}
    assert "similar: 3.5" in out.with_suffix(".svg").read_text(encoding="utf-8")


def test_configured_endpoints_are_used_only_on_request(home, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("DDB_ENDPOINT", "http://127.0.0.1:2")
    of_run = bench_engines.settings_of_run(load_settings(), EngineChoice.EMBEDDED, StateChoice.SQLITE)
    assert of_run.is_embedded


def test_missed_targets_and_missing_figures_are_shown():
    figures = {"n": 3, "p50": 1.0, "p95": 250.4}
    verdict = {"what": "x", "unit": "ms", "measured": 9.0, "target": "<= 6", "for": "any", "met": False}
    document = {
        "bundle": {"films": 62_000, "films_in_tables": 20_000, "vectors": 384, "sources": ["a.csv"]},
        "machine": {"cpu": "A CPU", "cores": 2, "python": "3.11", "load_before": [], "load_after": [1.0, 2.0, 3.0]},
        "targets": [verdict, verdict | {"what": "y", "measured": None, "met": None}],
        "http": {
            "uncached": {"recommend": figures, "all": figures, "kinds": {"seeds": figures}, "cpu_ms": None},
            "cached": figures | {"cpu_ms": 0.4},
            "floor": figures,
            "hit_ratio": 0.845,
            "throughput": {"connections": 8, "fresh": 99.0, "cached": 900.0},
            "start_s": 1.0,
            "first_answer_ms": 30.0,
            "memory": {"at_start": {"rss": 87.2}, "at_end": {}},
        },
        "pipeline": {"people": {"5": figures}, "stages": {"5": {"taste": 0.25}}},
        "engines": {"search": "opensearch", "state": "dynamodb"},
        "index": {"films": 62_000, "seconds": 61.25},
        "units": {"5": {what: {"read": 1.5, "write": 12} for what in ("uncached", "cached", "feedback")}},
    }
    text = "\n".join(bench_tables.lines_of(document))
    assert "62,000 films (20,000 in the tables), vectors of 384; a.csv" in text
    assert "load average unknown before, 1.0, 2.0, 3.0 after" in text
    lines = text.splitlines()
    assert next(line for line in lines if line.startswith("x ")).endswith("NOT met")
    assert next(line for line in lines if line.startswith("y ")).split()[1] == "-"
    assert next(line for line in lines if line.startswith("seeds")).split()[1:] == ["3", "1.00", "250", *"-----"]
    assert next(line for line in lines if line.startswith("cache hits")).endswith("84.5%")
    assert "rss 87" in text
    assert "With dynamodb and opensearch. Servers on this machine share its cores" in text
    assert "62,000 films in 61.2 s" in text
    assert lines[-2].split() == ["5", "1.5", "12", "1.5", "12", "1.5", "12"]
    assert lines[-1].endswith("AWS bills half the writes.")
