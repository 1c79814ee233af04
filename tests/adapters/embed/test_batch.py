"""Batch inference: input and output in S3, resumed from the stored job, and nothing left in the bucket."""

from collections.abc import Iterator

import numpy as np
import pytest

from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.objects import open_objects
from services.adapters.embed.bedrock import batch as batch_module
from services.adapters.embed.bedrock.batch import BedrockBatch
from services.adapters.embed.bedrock.bedrock_client import BedrockLocation
from services.adapters.embed.bedrock.embedding_models import NOVA, TITAN, EmbeddingModel, Use
from services.recommender.errors import EncoderUnavailable
from tests.bedrock.jobs import Jobs, batch_jobs
from tests.bedrock.server import checked, invoked
from tests.s3_server import keys_of, new_bucket, s3_server

ROLE = "arn:aws:iam::111111111111:role/batch"
TEXTS = [f"Film number {number}" for number in range(12)]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def jobs(s3: str) -> Iterator[Jobs]:
    with batch_jobs(s3) as running:
        yield running


@pytest.fixture
def bucket(s3: str) -> Bucket:
    return new_bucket(s3)


@pytest.fixture(params=[EmbeddingModel(TITAN, 256), EmbeddingModel(NOVA, 384)], ids=["titan", "nova"])
def model(request: pytest.FixtureRequest) -> EmbeddingModel:
    chosen: EmbeddingModel = request.param
    return chosen


def batch(model: EmbeddingModel, bucket: Bucket, jobs: Jobs, slept: list[float] | None = None) -> BedrockBatch:
    sleep = (slept if slept is not None else []).append
    return BedrockBatch(model, open_objects(bucket), ROLE, BedrockLocation(endpoint=jobs.url), sleep)


def quiet(done: int, total: int) -> None:
    pass


def expected(model: EmbeddingModel, text: str) -> np.ndarray:
    body = checked(model.family.model_id, model.request(text, Use.FILM))
    return model.unit_of(invoked(model.family.model_id, body))


def test_each_text_gets_its_own_vector_whatever_the_order_of_the_output(model, bucket, jobs):
    steps, slept = [], []
    vectors = dict(batch(model, bucket, jobs, slept).vectors(TEXTS, lambda *step: steps.append(step)))
    assert set(vectors) == set(TEXTS)
    assert all(np.array_equal(vectors[text], expected(model, text)) for text in TEXTS)
    assert steps == [(1, 12), (12, 12)]
    assert slept == [batch_module.POLL_S]
    assert keys_of(bucket) == []


def test_texts_that_the_job_could_not_embed_are_left_out(model, bucket, jobs):
    jobs.spoil = {0, 7}
    vectors = dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))
    assert set(TEXTS) - set(vectors) == {TEXTS[0], TEXTS[7]}


def test_more_texts_than_fit_a_job_are_several_jobs(model, bucket, jobs, monkeypatch):
    monkeypatch.setattr(batch_module, "RECORDS_A_JOB", 5)
    # Bedrock refuses a job below its minimum of 100 records; in parts of 5, the last job here would have only 2.
    jobs.least = 4
    assert len(dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))) == 12
    assert len(jobs.started) == 3


def test_one_client_serves_all_polls_of_a_job(model, bucket, jobs, monkeypatch):
    clients, make = [], batch_module.aws.make_client
    monkeypatch.setattr(
        batch_module.aws, "make_client", lambda *arguments: clients.append(arguments[0]) or make(*arguments)
    )
    dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))
    assert clients.count("bedrock") == 1


def test_an_interrupted_build_resumes_the_same_job(model, bucket, jobs):
    class Stopped(Exception):
        pass

    def stop(_: float) -> None:
        raise Stopped

    stopped = BedrockBatch(model, open_objects(bucket), ROLE, BedrockLocation(endpoint=jobs.url), stop)
    with pytest.raises(Stopped):
        dict(stopped.vectors(TEXTS, quiet))
    assert len(dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))) == 12
    assert len(jobs.started) == 1


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Expired"])
def test_a_failed_job_is_explained_and_started_again(model, bucket, jobs, status):
    jobs.fails = status
    with pytest.raises(EncoderUnavailable, match=f"is {status}: the role can't read the input; run it again"):
        dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))
    jobs.fails = None
    assert len(dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))) == 12
    assert len(jobs.started) == 2
    assert keys_of(bucket) == []


def test_a_start_whose_answer_was_lost_starts_no_second_job(model, bucket, jobs):
    jobs.forgets = 1
    with pytest.raises(EncoderUnavailable, match="the answer is lost"):
        dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))
    assert len(dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))) == 12
    assert len(jobs.started) == 1


def test_a_purged_job_is_started_again(model, bucket, jobs):
    jobs.forgets = 1
    with pytest.raises(EncoderUnavailable):
        dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))
    [note] = [key for key in keys_of(bucket) if key.endswith("/job")]
    open_objects(bucket).write(note, b"arn:aws:bedrock:us-east-1:111111111111:model-invocation-job/purged")
    with pytest.raises(EncoderUnavailable, match="run it again for a new job"):
        dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))
    assert len(dict(batch(model, bucket, jobs).vectors(TEXTS, quiet))) == 12


def test_a_failed_start_names_the_required_right(model, bucket):
    unreachable = BedrockBatch(model, open_objects(bucket), "no role", BedrockLocation(endpoint="http://127.0.0.1:9"))
    with pytest.raises(EncoderUnavailable, match="iam:PassRole"):
        dict(unreachable.vectors(TEXTS, quiet))
