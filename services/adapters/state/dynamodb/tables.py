"""Creation of the tables on a local server or in a bare account; the CDK app creates its own."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, make_client
from services.adapters.state.dynamodb.dynamo_failures import advice, code_of
from services.recommender.errors import StateUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TTL_ATTRIBUTE = "expires_at"
_EXISTS = "ResourceInUseException"
_POLL_S = 1
_POLLS = 60


def create_tables(connection: DynamoLocation) -> list[str]:
    """Create the missing tables with on-demand billing, wait until all are active, enable expiry of ``rec_cache``, and
    return the names of those created.

    Raises StateUnavailable: no response, no permission, or an existing table with another key.
    """
    tables = connection.tables
    keys = {tables.users: ("user_id",), tables.events: ("user_id", "sk"), tables.cache: ("pk", "sk")}
    try:
        client = make_client(connection)
        created = [name for name, key in keys.items() if _create(client, name, key)]
        for name, key in keys.items():
            client.get_waiter("table_exists").wait(
                TableName=name, WaiterConfig={"Delay": _POLL_S, "MaxAttempts": _POLLS}
            )
            _check(client, name, key)
        _expire(client, tables.cache)
    except WaiterError as error:
        raise StateUnavailable(f"{connection.place}: a table is not active yet ({error}); run it again") from error
    except (BotoCoreError, ClientError) as error:
        raise StateUnavailable(f"{connection.place} {advice(error)} ({type(error).__name__}: {error})") from error
    return created


def _create(client: "DynamoDBClient", name: str, key: tuple[str, ...]) -> bool:
    """Create the table; return False if it exists."""
    schema: Any = [
        {"AttributeName": attribute, "KeyType": kind} for attribute, kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]
    attributes: Any = [{"AttributeName": attribute, "AttributeType": "S"} for attribute in key]
    try:
        client.create_table(
            TableName=name, KeySchema=schema, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
        )
    except ClientError as error:
        if code_of(error) != _EXISTS:
            raise
        return False
    return True


def _check(client: "DynamoDBClient", name: str, key: tuple[str, ...]) -> None:
    """Raise StateUnavailable for a table with another key."""
    schema = client.describe_table(TableName=name)["Table"]["KeySchema"]
    attributes = tuple(part["AttributeName"] for part in schema)
    if attributes != key:
        raise StateUnavailable(
            f"table {name} has the key ({', '.join(attributes)}), Marquee requires ({', '.join(key)}): "
            "choose another name"
        )


def _expire(client: "DynamoDBClient", name: str) -> None:
    """Enable deletion of expired items, unless enabled: DynamoDB rejects enabling it twice."""
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if expiry.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )
