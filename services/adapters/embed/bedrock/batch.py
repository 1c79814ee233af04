"""Film texts by Bedrock batch inference: uploaded to S3, embedded at half the price, results read from S3.

Source: Amazon Bedrock user guide, "Process multiple prompts with batch inference".
"""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from numpy.typing import NDArray

from services.adapters import aws
from services.adapters.bundle.s3.objects import Objects
from services.adapters.embed.bedrock.bedrock_client import BedrockLocation
from services.adapters.embed.bedrock.bedrock_failures import BedrockFailure
from services.adapters.embed.bedrock.embedding_models import EmbeddingModel, Use
from services.adapters.progress import OnProgress

# Fewer texts are faster one by one: a job first waits in a queue for minutes or hours.
LEAST_TEXTS = 5_000
# Maximum records per job (Amazon Bedrock endpoints and quotas, "Records per batch inference job").
RECORDS_A_JOB = 50_000
POLL_S = 30.0
# Bedrock's timeout of a job, at most a week.
HOURS = 24
FOLDER = "batch"
_ARN = "arn:"
_NOT_FOUND = "ResourceNotFoundException"
_DONE = frozenset({"Completed", "PartiallyCompleted"})
_FAILED = frozenset({"Failed", "Stopped", "Expired"})


class BedrockBatch:
    """``role``: ARN of the role with which Bedrock accesses the bucket. ``sleep`` takes seconds.

    A pending job is recorded next to its input in the bucket, so that a restarted build, here or on another machine,
    waits for the same job.
    """

    def __init__(
        self,
        model: EmbeddingModel,
        objects: Objects,
        role: str,
        place: BedrockLocation,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.model = model
        self._objects = objects
        self._role = role
        self._place = place
        self._sleep = sleep

    def vectors(self, texts: Sequence[str], on_progress: OnProgress) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield each embedded text with its unit vector; texts the job could not embed are left out. ``on_progress``
        receives the number of texts done, and of all. Raises BedrockFailure, BucketUnavailable.
        """
        # Equal parts, because a job of fewer than 100 records is refused.
        jobs = max(1, -(-len(texts) // RECORDS_A_JOB))
        bounds = [len(texts) * at // jobs for at in range(jobs + 1)]
        for start, end in pairwise(bounds):
            part = list(texts[start:end])
            yield from self._job(part, lambda done, at=start: on_progress(at + done, len(texts)))  # type: ignore[misc]

    def _job(self, texts: list[str], on_progress: Callable[[int], None]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        name = hashlib.sha256("\0".join((self.model.encoder_id, *texts)).encode("utf-8", "replace")).hexdigest()[:24]
        folder = f"{FOLDER}/{name}/"
        try:
            self._wait(self._arn(texts, folder), on_progress)
        except BedrockFailure as failure:
            if not failure.transient:
                self._objects.delete([_note(folder)])
            raise
        yield from self._results(folder, texts)
        self._objects.delete(sorted(self._objects.list(folder)))

    def _arn(self, texts: list[str], folder: str) -> str:
        """Return the ARN of the recorded job, or of a new one."""
        stored = self._objects.read(_note(folder))
        note = stored.body.decode("utf-8", "replace") if stored else ""
        if note.startswith(_ARN):
            return note
        # The token is recorded before the start, so that a start whose response was lost is not repeated as a second
        # job. Each job gets a new token: for an old one Bedrock returns its job, even a failed one.
        token = note or uuid4().hex
        if not note:
            self._send(texts, f"{folder}input.jsonl")
            self._objects.write(_note(folder), token.encode())
        arn = self._start(token, folder)
        self._objects.write(_note(folder), arn.encode())
        return arn

    def _send(self, texts: list[str], path: str) -> None:
        with tempfile.TemporaryDirectory(prefix="marquee-batch-") as scratch:
            file = Path(scratch) / "input.jsonl"
            with file.open("wb") as lines:
                for number, text in enumerate(texts):
                    request = self.model.request(text, Use.FILM)
                    lines.write(b'{"recordId":"%011d","modelInput":%s}\n' % (number, request))
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            self._objects.upload(path, file, digest)

    def _start(self, token: str, folder: str) -> str:
        """Return the ARN of the job that this token started, now or before."""
        bucket = self._objects.bucket
        source = {"s3Uri": bucket.uri(f"{folder}input.jsonl"), "s3InputFormat": "JSONL"}
        response = self._call(
            "create_model_invocation_job",
            jobName=f"marquee-{token}",
            clientRequestToken=token,
            roleArn=self._role,
            modelId=self.model.family.model_id,
            inputDataConfig={"s3InputDataConfig": source},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": bucket.uri(f"{folder}output/")}},
            timeoutDurationInHours=HOURS,
        )
        return str(response["jobArn"])

    def _wait(self, arn: str, on_progress: Callable[[int], None]) -> None:
        while True:
            job = self._call("get_model_invocation_job", jobIdentifier=arn)
            on_progress(int(job.get("processedRecordCount") or 0))
            if job["status"] in _DONE:
                return
            if job["status"] in _FAILED:
                why = job.get("message") or "Bedrock gave no reason"
                raise BedrockFailure(f"batch job {arn} is {job['status']}: {why}; run it again", transient=False)
            self._sleep(POLL_S)

    def _results(self, folder: str, texts: list[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        with tempfile.TemporaryDirectory(prefix="marquee-batch-") as scratch:
            file = Path(scratch) / "output.jsonl"
            for path in sorted(self._objects.list(f"{folder}output/")):
                if not path.endswith(".jsonl.out"):
                    continue
                self._objects.download(path, file)
                with file.open("rb") as lines:
                    for line in lines:
                        record = self._read(line)
                        if record is not None and record[0] < len(texts):
                            yield texts[record[0]], record[1]

    def _read(self, line: bytes) -> tuple[int, NDArray[np.float32]] | None:
        """Return record and vector of a line; None for an error record or an unreadable line."""
        try:
            document = json.loads(line)
            return int(document["recordId"]), self.model.unit_of(document["modelOutput"])
        except (ValueError, KeyError, TypeError, BedrockFailure):
            return None

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - botocore makes its clients' classes at run time
        """One client for all checks of a job, of which there are thousands a day."""
        config = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 8})
        return aws.make_client("bedrock", self._place.region, config, self._place.endpoint)

    def _call(self, operation: str, **parameters: object) -> dict[str, Any]:
        try:
            response: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            message = f"batch inference of {self.model.family.model_id}: {error}"
            if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == _NOT_FOUND:
                raise BedrockFailure(f"{message}; run it again for a new job", transient=False) from error
            raise BedrockFailure(
                f"{message}; the role of this process needs bedrock:CreateModelInvocationJob, "
                "bedrock:GetModelInvocationJob and iam:PassRole on BEDROCK_BATCH_ROLE; remove that setting to embed "
                "one by one"
            ) from error
        return response


def _note(folder: str) -> str:
    return f"{folder}job"
