"""``marquee keys``: create, list and revoke API keys."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.open_services import open_services
from services.cli.verb_errors import Failed

if TYPE_CHECKING:
    from services.recommender.ports import ApiKey

app = typer.Typer(help="API keys: create, list, revoke.", rich_markup_mode=None, epilog=EXIT_CODES)
SCOPES = ("serve", "admin")
# The stores keep 32-bit counters.
MOST = 1_000_000_000
LONGEST_NAME = 200


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="keys")


@app.command(epilog=EXIT_CODES)
def create(
    name: Annotated[str, typer.Argument(help="Name for the key, e.g. its owner.")],
    scope: Annotated[
        list[str] | None, typer.Option(metavar="<scope>", help="serve (the default) or admin; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=MOST, help="Requests per window; 0 for no limit.")] = 0,
    window: Annotated[int, typer.Option(min=1, max=86_400, help="Length of that window in seconds.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Create a key and print it. It is shown only once: the store keeps its id, not the secret."""
    import secrets

    from services.api.app.security.api_keys import make_key
    from services.recommender.ports import ApiKey

    scopes = frozenset(scope or ["serve"])
    if wrong := sorted(scopes - set(SCOPES)):
        raise typer.BadParameter(f"{wrong[0]!r} is not a scope; known: {', '.join(SCOPES)}.", param_hint="--scope")
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise typer.BadParameter(f"expected 1 to {LONGEST_NAME} printable characters.", param_hint="NAME")
    with open_services() as services:
        pepper = services.secrets.pepper
        if pepper is None:
            raise Failed("API_KEY_PEPPER is not set, and keys are derived from it; `openssl rand -hex 32` makes one.")
        value = pepper()[0].encode()
        now = services.clock.now_ms()
        record = ApiKey(secrets.token_hex(8), name, scopes, limit, window, created_at=now)
        services.keys.put(record)
    key = make_key(record.key_id, value)
    lines = [key, f"Send it in the header X-API-Key. It is not shown again; its id is {record.key_id}."]
    Output(as_json).result({"key": key, **_document(record)}, lines)


@app.command("list", epilog=EXIT_CODES)
def list_keys(as_json: JsonOption = False) -> None:
    """List all keys, including revoked ones."""
    with open_services() as services:
        records = services.keys.list()
    rows = [list(_document(record).values()) for record in records]
    headings = ["id", "name", "scopes", "limit", "window s", "revoked", "created"]
    lines = table(headings, rows) if rows else ["No keys yet; run `marquee keys create NAME`."]
    Output(as_json).result([_document(record) for record in records], lines)


@app.command(epilog=EXIT_CODES)
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as shown by `marquee keys list`.")],
    as_json: JsonOption = False,
) -> None:
    """Revoke a key; running servers notice within 60 s."""
    from dataclasses import replace

    with open_services() as services:
        record = services.keys.get(key_id)
        if record is None:
            raise Failed(f"There is no key {key_id!r}; `marquee keys list` shows the ids.")
        services.keys.put(replace(record, revoked=True))
    Output(as_json).result({"key_id": key_id, "revoked": True}, [f"Revoked {key_id} ({record.name})."])


def _document(record: "ApiKey") -> dict[str, object]:
    return {
        "key_id": record.key_id,
        "name": record.name,
        "scopes": ",".join(sorted(record.scopes)),
        "limit": record.limit,
        "window_s": record.window_s,
        "revoked": record.revoked,
        "created_at": datetime.fromtimestamp(record.created_at / 1_000, UTC).isoformat(timespec="seconds"),
    }
