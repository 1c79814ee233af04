"""``marquee tables``: create the DynamoDB tables on a local server or in a bare account."""

from typing import Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.verb_errors import Misused

app = typer.Typer(help="DynamoDB tables: create the missing ones.", rich_markup_mode=None, epilog=EXIT_CODES)
# No request is waiting here, so calls may take longer.
ATTEMPT_S = 5.0


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="tables")


@app.command(epilog=EXIT_CODES)
def create(
    as_json: JsonOption = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Timeout of one call, in seconds.")] = ATTEMPT_S,
) -> None:
    """Create the missing DynamoDB tables.

    Their names are DDB_USERS_TABLE, DDB_EVENTS_TABLE and DDB_CACHE_TABLE. Use it with a local server, or in an
    account without a deployed stack; a stack creates its own tables. Billing is on demand, and the cache table deletes
    expired items.
    """
    from services.settings import load_settings

    settings = load_settings()
    if not settings.ddb_users_table:
        raise Misused(
            "DDB_USERS_TABLE is not set: without it people are stored in SQLite; set it and the other DDB_* tables, "
            "see docs/dynamodb.md"
        )
    from services.adapters.state.dynamodb.tables import create_tables
    from services.bootstrap import dynamodb_connection

    connection = dynamodb_connection(settings, timeout)
    created, tables = create_tables(connection), connection.tables
    states = {name: "created" if name in created else "kept" for name in (tables.users, tables.events, tables.cache)}
    lines = [f"{name}: {state}" for name, state in states.items()]
    Output(as_json).result({"endpoint": connection.place, "tables": states}, lines)
