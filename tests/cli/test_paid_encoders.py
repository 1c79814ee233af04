"""Building and recommending with a Bedrock encoder: costs are agreed to first, and models are never mixed."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from services.adapters.bundle.manifest import Manifest
from tests.bedrock.jobs import batch_jobs
from tests.bedrock.server import Bedrock, bedrock, denied, throttled
from tests.cli.conftest import Marquee
from tests.cli.test_data_verbs import write_films
from tests.e2e.kit import bundles
from tests.patience import LONGEST_MS
from tests.s3_server import new_bucket, s3_server


@pytest.fixture
def service(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bedrock]:
    with bedrock() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", running.url)
        monkeypatch.setenv("ENCODER_TIMEOUT_MS", str(LONGEST_MS))
        yield running


@pytest.fixture
def films(tmp_path: Path) -> str:
    return str(write_films(tmp_path / "films.jsonl"))


@pytest.mark.parametrize(
    ("name", "dims", "encoder_id"),
    [
        ("titan", "256", "amazon.titan-embed-text-v2:0:256"),
        ("nova", "384", "amazon.nova-2-multimodal-embeddings-v1:0:384"),
    ],
)
def test_build_and_recommend(marquee: Marquee, service, films, empty_home, monkeypatch, name, dims, encoder_id):
    monkeypatch.setenv("ENCODER", name)
    monkeypatch.setenv("ENCODER_DIMS", dims)
    done = marquee("build", "--catalogue", films, "--yes")
    assert done.code == 0, done.err
    assert "30 texts of about" in done.err
    assert "US dollars" in done.err
    (version,) = bundles(empty_home)
    manifest = Manifest.load(empty_home / "bundles" / version)
    assert (manifest.encoder_id, manifest.counts["vector dims"]) == (encoder_id, int(dims))
    assert pl.read_parquet(empty_home / "features" / "item_embeddings.parquet")["vector"].dtype.shape == (int(dims),)
    response = marquee("recommend", "--query", "film 7", "--json")
    assert response.code == 0
    assert response.json["degraded"] == []
    assert len(service.seen) == 31
    assert service.most_at_once <= 8


def test_without_agreement_nothing_is_sent(marquee: Marquee, service, films, empty_home):
    done = marquee("build", "--catalogue", films, "--encoder", "titan")
    assert done.code == 2
    assert "pass --yes to agree" in done.err
    assert service.seen == []
    assert bundles(empty_home) == []


def test_texts_are_embedded_only_once(marquee: Marquee, service, films, empty_home):
    assert marquee("build", "--catalogue", films, "--encoder", "titan", "--yes").code == 0
    before = len(service.seen)
    done = marquee("build", "--catalogue", films, "--encoder", "titan")
    assert (done.code, len(service.seen)) == (0, before)


def test_a_refused_build_leaves_no_bundle_and_can_be_resumed(marquee: Marquee, service, films, empty_home):
    service.faults = [None] * 20 + [denied]
    done = marquee("build", "--catalogue", films, "--encoder", "titan", "--yes")
    assert done.code == 3
    assert "access denied" in done.err
    assert bundles(empty_home) == []
    assert marquee("build", "--catalogue", films, "--encoder", "titan", "--yes").code == 0


def test_a_bundle_of_one_model_is_not_served_with_queries_of_another(marquee: Marquee, service, films, monkeypatch):
    assert marquee("build", "--catalogue", films, "--encoder", "titan", "--yes").code == 0
    done = marquee("recommend", "--query", "film 7")
    assert done.code == 3
    assert "has vectors of amazon.titan-embed-text-v2:0:1024, but queries are encoded with all-MiniLM" in done.err
    monkeypatch.setenv("ENCODER", "titan")
    monkeypatch.setenv("ENCODER_DIMS", "256")
    served = marquee("serve", "--port", "0")
    assert served.code == 3
    assert "queries are encoded with amazon.titan-embed-text-v2:0:256: set ENCODER, ENCODER_DIMS" in served.err


def test_films_are_found_by_title_while_bedrock_fails(marquee: Marquee, service, films, monkeypatch):
    monkeypatch.setenv("ENCODER", "titan")
    assert marquee("build", "--catalogue", films, "--yes").code == 0
    service.always = throttled
    done = marquee("recommend", "--query", "film 7", "--json")
    assert done.code == 0
    assert done.json["items"][0]["title"] == "Film 7"
    assert done.json["degraded"] == ["encoder: amazon.titan-embed-text-v2:0: throttled (ThrottlingException)"]


def test_many_texts_are_embedded_by_a_batch_job(marquee: Marquee, service, films, monkeypatch, empty_home):
    monkeypatch.setattr("services.adapters.embed.bedrock.batch.LEAST_TEXTS", 20)
    with s3_server() as s3, batch_jobs(s3) as jobs:
        jobs.polls, jobs.spoil = 0, {3}
        bucket = new_bucket(s3)
        for name, value in {
            "AWS_ENDPOINT_URL_BEDROCK": jobs.url, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": service.url,
            "BEDROCK_BATCH_ROLE": "arn:aws:iam::111111111111:role/batch", "S3_ENDPOINT": s3,
            "BUNDLE_BUCKET": f"{bucket.name}/{bucket.prefix}".rstrip("/"), "ENCODER": "titan",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        done = marquee("build", "--catalogue", films, "--yes")
        assert done.code == 0, done.err
        assert "by a batch job" in done.err
        assert len(jobs.started) == 1
        assert len(service.seen) == 1


def test_a_batch_role_without_a_bucket_is_refused(marquee: Marquee, service, films, monkeypatch):
    monkeypatch.setenv("BEDROCK_BATCH_ROLE", "arn:aws:iam::111111111111:role/batch")
    done = marquee("build", "--catalogue", films, "--encoder", "titan")
    assert done.code == 2
    assert "BUNDLE_BUCKET is not set: BEDROCK_BATCH_ROLE needs it" in done.err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ENCODER": "titan", "ENCODER_DIMS": "384"}, "have 256, 512, 1024 numbers"),
        ({"ENCODER": "nova"}, "AWS_REGION is not set"),
        ({"ENCODER": "ada"}, "expected minilm, titan or nova"),
    ],
)
def test_invalid_settings_are_refused(marquee: Marquee, empty_home, monkeypatch, settings, message):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    done = marquee("doctor")
    assert done.code == 2
    assert message in done.err
