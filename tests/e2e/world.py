"""A running server whose OpenSearch and DynamoDB are behind proxies that fail on demand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2

from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables, make_client
from tests.e2e.kit import Served, build_sample, marquee
from tests.patience import LONGEST_MS, PATIENCE_S, eventually, wait_for
from tests.servers.proxy import Proxy

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# Short timeouts, since the engines are silent for as long as a test wants. On a busy machine even healthy engines may
# miss them, so tests retry.
HASTY = {"OPENSEARCH_TIMEOUT_MS": "1500", "DDB_TIMEOUT_MS": "750", "REQUEST_DEADLINE_MS": "3000"}
PATIENT = dict.fromkeys(HASTY, str(LONGEST_MS))


def query() -> str:
    """A new query, so that no answer comes from the cache."""
    return f"a detective and a murder {uuid4().hex}"


@dataclass
class World:
    """A server whose search and state engines are behind proxies."""

    server: Served
    search: Proxy
    state: Proxy
    opensearch_url: str
    index: str
    dynamodb: "DynamoDBClient"
    tables: dict[str, str]
    environment: dict[str, str]

    @property
    def patient(self) -> dict[str, str]:
        """The settings of another server or a command on the same engines, with the longest timeouts."""
        return self.environment | PATIENT

    def ask(self, **body: Any) -> dict[str, Any]:
        """A recommendation, even if an engine is down. Returning shows that no silent engine is awaited."""
        answer = self.server.recommend(**body)
        assert answer["items"]
        return answer

    def missing(self, **body: Any) -> set[str]:
        """The parts that an answer lacks, by its field ``degraded``."""
        return {reason.partition(":")[0] for reason in self.ask(**body)["degraded"]}

    def post(self, user_id: str, item_id: str, **headers: str) -> httpx2.Response:
        body = {"user_id": user_id, "item_id": item_id, "event": "like"}
        return self.server.client.post("/feedback", json=body, headers=headers)

    def get(self, path: str, status: int = 200) -> httpx2.Response:
        """The answer with this status, retried until the healthy engines are in time."""
        return eventually(
            lambda: self.server.client.get(path), lambda response: response.status_code == status, f"GET {path}"
        )

    def ready(self) -> dict[str, Any]:
        return dict(self.get("/health/ready?deep=1").json())

    def mend(self) -> None:
        """Forward everything again and wait for an answer that is not degraded."""
        self.search.forward()
        self.state.forward()
        wait_for(self.recovered, "the recovery")

    def recovered(self) -> bool:
        return not self.server.recommend(user_id="anna", query=query())["degraded"]


@contextmanager
def connected(home: Path, opensearch_url: str, dynamodb_url: str) -> Iterator[World]:
    """A server over the sample catalogue, with a new index of its films and new tables."""
    version = build_sample(home, encoder="minilm")
    name = f"test-{uuid4().hex[:12]}"
    tables = {part: f"{name}-{part}" for part in ("users", "events", "cache")}
    with Proxy(opensearch_url) as search, Proxy(dynamodb_url) as state:
        env = {
            "OPENSEARCH_ENDPOINT": search.url,
            "OPENSEARCH_INDEX": name,
            "DDB_ENDPOINT": state.url,
            "AWS_REGION": "eu-central-1",
            **{f"DDB_{part.upper()}_TABLE": table for part, table in tables.items()},
            **HASTY,
        }
        for verb in (("tables", "create"), ("index",)):
            done = marquee(home, *verb, env=env | PATIENT)
            assert done.returncode == 0, done.stderr
        client = make_client(DynamoLocation(Tables(**tables), endpoint=dynamodb_url, timeout_s=PATIENCE_S))
        with Served(home, env=env) as server:
            world = World(server, search, state, opensearch_url, f"{name}-{version}", client, tables, env)
            # The first requests to a new engine are the slowest.
            world.mend()
            yield world
        client.close()
