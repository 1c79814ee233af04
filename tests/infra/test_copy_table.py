"""Copying a table on a real DynamoDB: complete and unchanged, also when writes are throttled."""

import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.release import copy_table
from tests.infra.tools import run

LOCAL = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
EVERY_TYPE: dict[str, Any] = {
    "pk": {"S": "ann"}, "sk": {"S": "0"}, "bytes": {"B": b"\x00\xff"}, "number": {"N": "3.14159265358979323846264338"},
    "list": {"L": [{"S": "a"}, {"NULL": True}, {"BOOL": False}]}, "map": {"M": {"empty": {"S": ""}}},
    "texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1"]}, "blobs": {"BS": [b"\x01"]},
}  # fmt: skip

Table = Callable[[str], str]


def item(number: int, text: str = "") -> dict[str, Any]:
    return {"pk": {"S": f"person {number}"}, "sk": {"S": f"{number:015}"}, "text": {"S": text}}


@pytest.fixture
def client(dynamodb_url: str) -> Any:
    local = boto3.client(
        "dynamodb", endpoint_url=dynamodb_url, region_name=LOCAL["AWS_DEFAULT_REGION"],
        aws_access_key_id=LOCAL["AWS_ACCESS_KEY_ID"], aws_secret_access_key=LOCAL["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    yield local
    local.close()


@pytest.fixture
def table(client: Any, unique_name: str) -> Table:
    def make(name: str, *items: dict[str, Any]) -> str:
        full_name = f"{unique_name}-{name}"
        client.create_table(
            TableName=full_name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk")],
        )  # fmt: skip
        for each in items:
            client.put_item(TableName=full_name, Item=each)
        return full_name

    return make


def contents(client: Any, name: str) -> dict[tuple[str, str], dict[str, Any]]:
    pages = client.get_paginator("scan").paginate(TableName=name)
    return {(each["pk"]["S"], each["sk"]["S"]): each for page in pages for each in page["Items"]}


class Throttle:
    """Removes the last request from each of the next ``times`` batches and returns it as unprocessed."""

    def __init__(self, client: Any, times: int) -> None:
        self.times = times
        self.sent: list[int] = []
        self._kept: dict[str, Any] = {}
        client.meta.events.register("before-parameter-build.dynamodb.BatchWriteItem", self._take)
        client.meta.events.register("after-call.dynamodb.BatchWriteItem", self._give_back)

    def _take(self, params: Any, **_: Any) -> None:
        [(name, requests)] = params["RequestItems"].items()
        self.sent.append(len(requests))
        self._kept = {}
        if self.times and len(requests) > 1:
            self.times -= 1
            self._kept = {name: requests[-1:]}
            params["RequestItems"] = {name: requests[:-1]}

    def _give_back(self, parsed: Any, **_: Any) -> None:
        parsed["UnprocessedItems"] = self._kept


def test_every_attribute_arrives_as_it_was(client: Any, table: Table) -> None:
    source, target = table("source", EVERY_TYPE, item(1)), table("target")
    assert copy_table.copy(client, source, target) == 2
    assert contents(client, target) == contents(client, source)


def test_a_table_of_more_than_one_page_and_one_batch_is_copied_whole(client: Any, table: Table) -> None:
    source, target = table("source", *(item(number, "x" * 40_000) for number in range(60))), table("target")
    assert "LastEvaluatedKey" in client.scan(TableName=source), "otherwise it is one page only"
    assert copy_table.copy(client, source, target) == 60
    assert contents(client, target) == contents(client, source)


def test_the_same_key_is_replaced_and_nothing_is_deleted(client: Any, table: Table) -> None:
    source, target = table("source", item(1, "good")), table("target", item(1, "damaged"), item(2, "since"))
    assert copy_table.copy(client, source, target) == 1
    assert sorted(each["text"]["S"] for each in contents(client, target).values()) == ["good", "since"]


def test_unprocessed_items_are_sent_again_after_a_pause(client: Any, table: Table) -> None:
    pauses: list[float] = []
    source, target = table("source", *map(item, range(30))), table("target")
    throttle = Throttle(client, times=2)
    assert copy_table.copy(client, source, target, pauses.append) == 30
    assert throttle.sent == [25, 1, 5, 1]
    assert pauses == [0.0, 0.1] * 2
    assert contents(client, target) == contents(client, source)


def test_copying_ends_when_a_table_stays_throttled(client: Any, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    source, target = table("source", item(1), item(2)), table("target")
    monkeypatch.setattr(copy_table, "PAUSES_S", (0.0, 0.1))
    left = {target: [{"PutRequest": {"Item": item(1)}}]}
    client.meta.events.register(
        "after-call.dynamodb.BatchWriteItem", lambda parsed, **_: parsed.update(UnprocessedItems=left)
    )
    with pytest.raises(copy_table.NotWritten, match="throttled"):
        copy_table.copy(client, source, target, pauses.append)
    assert pauses == [0.0, 0.1]


def test_as_a_command_it_prints_the_number_of_items(client: Any, table: Table, dynamodb_url: str) -> None:
    source, target = table("source", *map(item, range(3))), table("target")
    command = [sys.executable, "-m", "infra.release.copy_table", source]
    environment = LOCAL | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url}
    done = run([*command, target], **environment)
    assert (done.returncode, done.stdout) == (0, f"3 items of {source} are in {target}.\n")
    missing = run([*command, f"{target}-2"], **environment)
    assert missing.returncode == 1
    assert "ResourceNotFoundException" in missing.stderr
    assert "Traceback" not in missing.stderr
