"""``marquee keys``: who may call, with which scopes, how often."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.failures import Failed
from services.cli.opening import open_services

if TYPE_CHECKING:
    from services.recommender.ports import ApiKey

app = typer.Typer(help="API keys: make, list, revoke.", rich_markup_mode=None, epilog=EXIT_CODES)
SCOPES = ("serve", "admin")
# The stores count in 32 bits.
MOST = 1_000_000_000
LONGEST_NAME = 200


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="keys")


@app.command(epilog=EXIT_CODES)
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, in your own words.")],
    scope: Annotated[
        list[str] | None, typer.Option(metavar="<scope>", help="serve (the default) or admin; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=MOST, help="Requests in a window; 0 for no limit.")] = 0,
    window: Annotated[int, typer.Option(min=1, max=86_400, help="Length of the window in seconds.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it. It is shown only once: the store keeps its id, not the secret."""
    import secrets

    from services.api.app.keys import make_key
    from services.recommender.ports import ApiKey

    scopes = frozenset(scope or ["serve"])
    if wrong := sorted(scopes - set(SCOPES)):
        raise typer.BadParameter(f"{wrong[0]!r} is no scope; known are {', '.join(SCOPES)}.", param_hint="--scope")
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise typer.BadParameter(f"expected 1 to {LONGEST_NAME} printable characters.", param_hint="NAME")
    with open_services() as services:
        pepper = services.secrets.pepper
        if pepper is None:
            raise Failed("API_KEY_PEPPER is not set, and keys are made from it; `openssl rand -hex 32` makes one.")
        value = pepper()[0].encode()
        now = services.clock.now_ms()
        record = ApiKey(secrets.token_hex(8), name, scopes, limit, window, created_at=now)
        services.keys.put(record)
    key = make_key(record.key_id, value)
    lines = [key, f"Send it as the header X-API-Key. It is not shown again; its id is {record.key_id}."]
    Output(as_json).result({"key": key, **_document(record)}, lines)


@app.command("list", epilog=EXIT_CODES)
def list_keys(as_json: JsonOption = False) -> None:
    """List the keys that were made, the revoked ones too."""
    with open_services() as services:
        records = services.keys.list()
    rows = [list(_document(record).values()) for record in records]
    headings = ["id", "name", "scopes", "limit", "window s", "revoked", "made"]
    lines = table(headings, rows) if rows else ["No keys yet; `marquee keys create NAME` makes one."]
    Output(as_json).result([_document(record) for record in records], lines)


@app.command(epilog=EXIT_CODES)
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `marquee keys list` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """Revoke a key: it is refused from now on (a running server notices within 60 s)."""
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
