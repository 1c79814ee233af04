"""``marquee tables``: the DynamoDB tables of a local server or a bare account."""

from typing import Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.failures import Misused

app = typer.Typer(help="DynamoDB tables: create.", rich_markup_mode=None, epilog=EXIT_CODES)
# Nobody waits for an answer here, as a request would.
ATTEMPT_S = 5.0


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="tables")


@app.command(epilog=EXIT_CODES)
def create(
    as_json: JsonOption = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Longest wait for one answer, in seconds.")] = ATTEMPT_S,
) -> None:
    """Make the tables that DDB_USERS_TABLE, DDB_EVENTS_TABLE and DDB_CACHE_TABLE name; those that are there are kept.

    For a local server or a bare account: a deployed stack has its own. Billing is on demand, and the cache table
    deletes what has expired.
    """
    from services.settings import load_settings

    settings = load_settings()
    if not settings.ddb_users_table:
        raise Misused("DDB_USERS_TABLE is not set: without it people are kept in SQLite, and there is nothing to make.")
    from services.adapters.state.dynamodb.tables import create_tables
    from services.bootstrap import dynamodb_connection

    connection = dynamodb_connection(settings, timeout)
    made, tables = create_tables(connection), connection.tables
    states = {name: "made" if name in made else "there already" for name in (tables.users, tables.events, tables.cache)}
    lines = [f"{name}: {state}" for name, state in states.items()]
    Output(as_json).result({"endpoint": connection.place, "tables": states}, lines)
