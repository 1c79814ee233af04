"""``python -m infra.release.copy_table SOURCE TARGET``: copy every item of a DynamoDB table to another one unchanged.

An item with the same key is replaced, all others stay: it can be repeated at any time (docs/operations.md).
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BATCH = 25  # The limit of BatchWriteItem.
# Before each attempt at a batch; some 100 s in total.
PAUSES_S = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2)


class NotWritten(Exception):
    """DynamoDB repeatedly took only part of a batch; the message names the table."""


def copy(client: "DynamoDBClient", source: str, target: str, sleep: Callable[[float], None] = time.sleep) -> int:
    """Copy all items and return how many there are. Raises BotoCoreError, ClientError, NotWritten."""
    copied = 0
    for page in client.get_paginator("scan").paginate(TableName=source, ConsistentRead=True):
        items = page["Items"]
        for start in range(0, len(items), BATCH):
            _write(client, target, items[start : start + BATCH], sleep)
        copied += len(items)
    return copied


def _write(
    client: "DynamoDBClient", table: str, items: Sequence[dict[str, Any]], sleep: Callable[[float], None]
) -> None:
    """Write a batch, and retry its remainder after growing pauses."""
    left: Any = {table: [{"PutRequest": {"Item": item}} for item in items]}
    for pause in PAUSES_S:
        sleep(pause)
        left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]
        if not left:
            return
    raise NotWritten(f"{table} accepts no more items: it is throttled. Wait a few minutes and run it again")


def main(arguments: Sequence[str]) -> int:
    """Copy and print the number of items; 0, or 1 with a message on failure."""
    parser = argparse.ArgumentParser(prog="python -m infra.release.copy_table", description=__doc__)
    parser.add_argument("source", help="name of the table to read, e.g. the restored one")
    parser.add_argument("target", help="name of the table to write into")
    options = parser.parse_args(arguments)
    try:
        copied = copy(boto3.client("dynamodb"), options.source, options.target)
    except (BotoCoreError, ClientError, NotWritten) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{copied:,} items of {options.source} are in {options.target}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
