"""A running server whose OpenSearch and DynamoDB are behind proxies that fail on demand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx2

from tests.e2e.kit import Served, build_sample, marquee, wait_for
from tests.servers.proxy import Proxy

# Of an answer, however many of its parts are down.
ANSWER_S = 1.5
RECOVERY_S = 40.0


def query() -> str:
    """Words that nobody asked for yet, so that no answer comes from the cache."""
    return f"a detective and a murder {uuid4().hex}"


@dataclass
class World:
    """A server between two proxies."""

    server: Served
    search: Proxy
    state: Proxy
    opensearch_url: str
    index: str
    dynamodb: Any
    tables: dict[str, str]
    environment: dict[str, str]

    def ask(self, **body: Any) -> dict[str, Any]:
        """A recommendation within the time that is due."""
        began = time.monotonic()
        answer = self.server.recommend(**body)
        assert time.monotonic() - began < ANSWER_S
        assert answer["items"]
        return answer

    def missing(self, **body: Any) -> set[str]:
        """The parts that an answer did without."""
        return {reason.partition(":")[0] for reason in self.ask(**body)["degraded"]}

    def post(self, user_id: str, item_id: str, **headers: str) -> httpx2.Response:
        body = {"user_id": user_id, "item_id": item_id, "event": "like"}
        return self.server.client.post("/feedback", json=body, headers=headers)

    def ready(self) -> dict[str, Any]:
        return dict(self.server.client.get("/health/ready?deep=1").json())

    def mend(self) -> None:
        """Let everything through again and wait until nothing is missed."""
        self.search.forward()
        self.state.forward()
        wait_for(self.recovered, "the recovery", RECOVERY_S)

    def recovered(self) -> bool:
        return not self.server.recommend(user_id="anna", query=query())["degraded"]


@contextmanager
def connected(home: Path, opensearch_url: str, dynamodb_url: str) -> Iterator[World]:
    """A server over the sample catalogue with its films indexed and its tables made, all new."""
    version = build_sample(home, encoder="minilm")
    name = f"test-{uuid4().hex[:12]}"
    tables = {part: f"{name}-{part}" for part in ("users", "events", "cache")}
    with Proxy(opensearch_url) as search, Proxy(dynamodb_url) as state:
        env = {
            "OPENSEARCH_ENDPOINT": search.url,
            "OPENSEARCH_INDEX": name,
            # Twice the default: on a busy machine the engine itself is late.
            "OPENSEARCH_TIMEOUT_MS": "600",
            "DDB_ENDPOINT": state.url,
            "AWS_REGION": "eu-central-1",
            **{f"DDB_{part.upper()}_TABLE": table for part, table in tables.items()},
        }
        for verb in (("tables", "create"), ("index",)):
            done = marquee(home, *verb, env=env)
            assert done.returncode == 0, done.stderr
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-central-1"}
        client = boto3.client("dynamodb", endpoint_url=dynamodb_url, **keys)
        with Served(home, env=env) as server:
            world = World(server, search, state, opensearch_url, f"{name}-{version}", client, tables, env)
            # The first questions to a new engine take it longest.
            world.mend()
            yield world
        client.close()
