"""The control plane of batch inference on loopback: jobs read from S3, embed with the fake, and write to S3."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from tests.bedrock.server import Refused, checked, invoked
from tests.s3_server import s3_client

_ARN = "arn:aws:bedrock:us-east-1:111111111111:model-invocation-job/"
_NAME = re.compile(r"[a-zA-Z0-9]{1,63}(-*[a-zA-Z0-9+\-.]){0,63}")
_RECORD = re.compile(r"[a-zA-Z0-9]{11}")


@dataclass
class Jobs:
    """``s3``: the URL of the S3 that jobs read and write. ``fails``: the final status of jobs, if they fail; a failed
    job stays failed. ``polls``: the number of polls for which a job is in progress. ``spoil``: records that get an
    error instead of a vector. ``least``: the minimum number of records. ``forgets``: the number of lost start answers.
    """

    s3: str
    url: str = ""
    fails: str | None = None
    polls: int = 1
    spoil: set[int] = field(default_factory=set)
    least: int = 1
    forgets: int = 0
    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    polled: int = 0

    def start(self, order: dict[str, Any]) -> dict[str, Any]:
        """CreateModelInvocationJob: the same token starts nothing new."""
        if not _NAME.fullmatch(order["jobName"]) or not order["roleArn"].startswith("arn:aws:iam::"):
            raise Refused(400, "ValidationException", "jobName or roleArn")
        if order["inputDataConfig"]["s3InputDataConfig"]["s3InputFormat"] != "JSONL":
            raise Refused(400, "ValidationException", "s3InputFormat")
        arn = _ARN + order["clientRequestToken"][:12]
        self.started.setdefault(arn, order)
        if self.forgets:
            self.forgets -= 1
            raise Refused(400, "ValidationException", "the answer is lost")
        return {"jobArn": arn}

    def look(self, arn: str) -> dict[str, Any]:
        """GetModelInvocationJob: the job is complete at the poll after ``polls``."""
        if arn not in self.started:
            raise Refused(404, "ResourceNotFoundException", arn)
        self.polled += 1
        if self.polled <= self.polls:
            return {"jobArn": arn, "status": "InProgress", "processedRecordCount": 1}
        if self.fails is not None or arn in self.failed:
            self.failed.add(arn)
            return {"jobArn": arn, "status": self.fails or "Failed", "message": "the role can't read the input"}
        records = self._run(self.started[arn], arn)
        return {"jobArn": arn, "status": "Completed", "processedRecordCount": records}

    def _run(self, order: dict[str, Any], arn: str) -> int:
        client = s3_client(self.s3)
        bucket, _, key = order["inputDataConfig"]["s3InputDataConfig"]["s3Uri"].removeprefix("s3://").partition("/")
        lines = client.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()
        assert len(lines) >= self.least, "a job of too few records"
        records = []
        for number, line in enumerate(lines):
            record = json.loads(line)
            assert _RECORD.fullmatch(record["recordId"])
            model = order["modelId"]
            body = checked(model, json.dumps(record["modelInput"]).encode())
            outcome = (
                {"error": {"errorCode": 400, "errorMessage": "bad"}}
                if number in self.spoil
                else {"modelOutput": invoked(model, body)}
            )
            records.append(json.dumps(record | outcome))
        records.reverse()
        out = order["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].removeprefix(f"s3://{bucket}/")
        folder = f"{out}{arn.rpartition('/')[2]}/"
        client.put_object(
            Bucket=bucket, Key=f"{folder}input.jsonl.out", Body="\n".join([*records, '{"torn": ']).encode()
        )
        client.put_object(Bucket=bucket, Key=f"{folder}manifest.json.out", Body=b'{"totalRecordCount": 1}')
        return len(lines)


@contextmanager
def batch_jobs(s3: str) -> Iterator[Jobs]:
    """Run the control plane on a loopback port of its own."""
    jobs = Jobs(s3)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(lambda: jobs.start(order))

        def do_GET(self) -> None:
            self._answer(lambda: jobs.look(unquote(self.path.removeprefix("/model-invocation-job/"))))

        def _answer(self, make: Any) -> None:
            code = ""
            try:
                status, body = 200, make()
            except Refused as error:
                status, body, code = error.status, {"message": str(error)}, error.code
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    jobs.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield jobs
    finally:
        server.shutdown()
        server.server_close()
