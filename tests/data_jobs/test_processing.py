"""The processing job, run as its container would run it: another process, its folders, its exit code, its message."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data_jobs import processing
from data_jobs.build import Order, build
from data_jobs.embed_items import read_embeddings
from data_jobs.report import Silent
from data_jobs.validate import Source
from services.adapters.embed.onnx import load_encoder
from tests.fakes import HashingEncoder
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
FILES = ("items.parquet", "item_embeddings.parquet")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """The folders of a container, with a small data set as input."""
    folder = tmp_path / "opt-ml"
    movielens = folder / "processing" / "input" / "movielens"
    movielens.mkdir(parents=True)
    films = "".join(f"{n},Film {n} (19{50 + n}),Drama\n" for n in range(1, 21))
    (movielens / "movies.csv").write_text(f"movieId,title,genres\n{films}")
    ratings = "".join(f"{u},{1 + (u + n) % 20},4,{1_000_000 + n}\n" for u in range(12) for n in range(8))
    (movielens / "ratings.csv").write_text(f"userId,movieId,rating,timestamp\n{ratings}")
    tmdb = folder / "processing" / "input" / "tmdb"
    tmdb.mkdir()
    (tmdb / "tmdb.jsonl").write_text('{"movielens_id": 3, "title": "Film 3", "overview": "A heist in a dream."}\n')
    (folder / "processing" / "output").mkdir()
    return folder


def contained(prefix: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the job as its container does: without a home folder, as any user."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nowhere"}
    return subprocess.run(
        [sys.executable, "-m", "data_jobs.processing", "--prefix", str(prefix), *arguments],
        capture_output=True, text=True, env=environment, timeout=PATIENCE_S, cwd=prefix, check=False,
    )  # fmt: skip


def output(prefix: Path) -> Path:
    return prefix / "processing" / "output"


def test_its_parquet_files_are_those_of_marquee_build(prefix, tmp_path):
    done = contained(prefix)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (prefix / "output" / "message").exists()
    raw = prefix / "processing" / "input"
    source = Source(raw / "movielens", raw / "tmdb" / "tmdb.jsonl")
    build(Order(home=tmp_path / "home", source=source, encoder=load_encoder()), Silent())
    for name in FILES:
        assert (output(prefix) / name).read_bytes() == (tmp_path / "home" / "features" / name).read_bytes(), name
    assert sorted(path.name for path in output(prefix).iterdir()) == sorted(FILES)


def test_vectors_of_an_earlier_run_are_reused(prefix):
    encoder = HashingEncoder()
    assert processing.run(prefix, encoder) == 20
    first = (output(prefix) / FILES[1]).read_bytes()
    (output(prefix)).rename(prefix / "processing" / "features")
    second = HashingEncoder()
    processing.run(prefix, second)
    assert second.seen == []
    assert (output(prefix) / FILES[1]).read_bytes() == first
    assert np.isfinite(next(iter(read_embeddings(output(prefix) / FILES[1], second).values()))).all()


def test_without_an_encoder_there_are_items_only(prefix):
    assert processing.main(["--encoder", "none"], prefix) == 0
    assert [path.name for path in output(prefix).iterdir()] == ["items.parquet"]


def test_unreadable_data_are_reported_in_the_message(prefix):
    (prefix / "processing" / "input" / "movielens" / "movies.csv").write_text("")
    done = contained(prefix)
    assert done.returncode == 1
    assert "movies.csv" in (prefix / "output" / "message").read_text()
    assert "Traceback" not in done.stdout + done.stderr


def test_no_input_says_where_it_should_be(tmp_path):
    assert processing.main([], tmp_path) == 1
    assert "`marquee data push` uploads them" in (tmp_path / "output" / "message").read_text()


def test_a_model_of_bedrock_is_refused_because_there_is_no_network(prefix, capsys):
    assert processing.main(["--encoder", "titan"], prefix) == 2
    assert "--encoder titan" in (prefix / "output" / "message").read_text()
    assert "invalid choice" in capsys.readouterr().err


def test_an_unexpected_error_is_reported_in_the_message_and_cut(prefix, monkeypatch, caplog):
    monkeypatch.setattr(processing, "read", lambda *_: 1 / 0)
    assert processing.main(["--encoder", "none"], prefix) == 1
    message = (prefix / "output" / "message").read_text()
    assert message.startswith("ZeroDivisionError")
    assert len(message) <= processing.LONGEST_MESSAGE
    assert "Traceback" in caplog.text


def test_a_missing_encoder_is_reported_in_the_message(prefix, tmp_path):
    assert processing.main(["--embedder-dir", str(tmp_path / "nowhere")], prefix) == 1
    assert "model.onnx" in (prefix / "output" / "message").read_text()
