"""The real servers do what the tests of the adapters count on."""

from typing import Any

import boto3
import httpx2
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from tests.patience import PATIENCE_S
from tests.servers.dynamodb import DynamoDb
from tests.servers.opensearch import OpenSearch
from tests.servers.proxy import Proxy

TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def films_index(engine: str) -> dict[str, Any]:
    method = {"name": "hnsw", "engine": engine, "space_type": "cosinesimil"}
    vector = {"type": "knn_vector", "dimension": 3, "method": method}
    return {"settings": {"index.knn": True}, "mappings": {"properties": {"embedding": vector}}}


def dynamodb(url: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(connect_timeout=PATIENCE_S, read_timeout=PATIENCE_S, retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("engine", ["faiss", "lucene"])
def test_vectors_are_searched_by_cosine_and_the_node_survives(
    opensearch_url: str, unique_name: str, engine: str
) -> None:
    with httpx2.Client(base_url=opensearch_url, timeout=PATIENCE_S) as client:
        assert client.put(f"/{unique_name}", json=films_index(engine)).status_code == 200
        for number, vector in enumerate(([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0])):
            put = client.put(f"/{unique_name}/_doc/{number}?refresh=true", json={"embedding": vector})
            assert put.status_code == 201
        query = {"knn": {"embedding": {"vector": [1.0, 0.1, 0.0], "k": 3}}}
        hits = client.post(f"/{unique_name}/_search", json={"query": query}).json()["hits"]["hits"]
        assert [hit["_id"] for hit in hits] == ["0", "2", "1"]
        assert hits[0]["_score"] == pytest.approx((1 + 1 / 1.01**0.5) / 2, abs=1e-6)


def test_an_index_is_never_created_by_a_write(opensearch_url: str, unique_name: str) -> None:
    assert httpx2.put(f"{opensearch_url}/{unique_name}/_doc/1", json={}, timeout=PATIENCE_S).status_code == 404


def test_a_condition_is_checked(dynamodb_url: str, unique_name: str) -> None:
    client = dynamodb(dynamodb_url)
    client.create_table(TableName=unique_name, **TABLE)
    once = {"TableName": unique_name, "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(id)"}
    client.put_item(**once)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(**once)
    client.close()


def test_a_stopped_opensearch_is_back_with_its_indexes(own_opensearch: OpenSearch, unique_name: str) -> None:
    url = own_opensearch.url
    assert httpx2.put(f"{url}/{unique_name}", timeout=PATIENCE_S).status_code == 200
    own_opensearch.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url, timeout=PATIENCE_S)
    own_opensearch.start()
    assert own_opensearch.url == url
    assert httpx2.head(f"{url}/{unique_name}", timeout=PATIENCE_S).status_code == 200


def test_a_stopped_dynamodb_is_back_with_its_tables(own_dynamodb: DynamoDb, unique_name: str) -> None:
    client = dynamodb(own_dynamodb.url)
    client.create_table(TableName=unique_name, **TABLE)
    own_dynamodb.stop()
    with pytest.raises(EndpointConnectionError):
        client.list_tables()
    own_dynamodb.start()
    assert unique_name in client.list_tables()["TableNames"]
    client.close()


def test_both_work_through_the_proxy(opensearch_url: str, dynamodb_url: str) -> None:
    with Proxy(opensearch_url) as search, Proxy(dynamodb_url) as state:
        assert httpx2.get(f"{search.url}/_cluster/health", timeout=PATIENCE_S).json()["number_of_nodes"] == 1
        client = dynamodb(state.url)
        assert client.list_tables()["ResponseMetadata"]["HTTPStatusCode"] == 200
        state.answer(400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}')
        with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
            client.list_tables()
        client.close()
