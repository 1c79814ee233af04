"""``marquee serve``: the HTTP API."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import EXIT_CODES, Output
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from services.settings import Settings

Host = Annotated[str | None, typer.Option(help="Address to listen on.  [default: MARQUEE_HOST, 127.0.0.1]")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65_535, help="Port; 0 for any free port.  [default: MARQUEE_PORT, 8000]")
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Server processes.")]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Allow an address beyond loopback although API keys are off.")
]


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(serve)


def serve(host: Host = None, port: Port = None, workers: Workers = 1, insecure: Insecure = False) -> None:
    """Serve the HTTP API until stopped."""
    raise typer.Exit(run_server(serving_settings(host, port), workers, insecure, []))


def serving_settings(host: str | None, port: int | None) -> "Settings":
    """Return the settings with the command line's overrides."""
    from services.settings import load_settings

    overrides = {"marquee_host": host, "marquee_port": port}
    return load_settings(**{name: value for name, value in overrides.items() if value is not None})


def run_server(settings: "Settings", workers: int, insecure: bool, hints: list[str]) -> int:
    """Check, listen and serve; ``hints`` are lines to print once it is up, ``{url}`` being the address."""
    from services.cli import run_server
    from services.cli.setting_hints import notes

    output = Output()
    refuse_exposure(settings, insecure)
    for note in notes(settings):
        output.say(f"Note: {note}.")
    with run_server.following(settings):
        version, stateless = run_server.check_start(settings)
        if stateless is not None:
            output.say(f"Note: serving without profiles or feedback until this is fixed: {stateless}.")
        return _serve(settings, version, workers, hints)


def _serve(settings: "Settings", version: str, workers: int, hints: list[str]) -> int:
    from services.cli import run_server

    host, output = settings.marquee_host, Output()
    with run_server.bind(host, settings.marquee_port) as listener:
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{listener.getsockname()[1]}"

        def ready() -> None:
            output.say(f"Marquee serves bundle {version} on {url} (docs at {url}/docs, Ctrl-C stops it).")
            for hint in hints:
                output.say(hint.replace("{url}", url))

        return run_server.serve_forever(settings, listener, workers, ready)


def refuse_exposure(settings: "Settings", insecure: bool) -> None:
    """Raise Misused if anyone could call: a host other than loopback with keys off, unless ``insecure``."""
    if settings.is_exposed() and not insecure:
        raise Misused(
            f"{settings.marquee_host} can be reached from other machines and API keys are off: set API_KEYS=on (and "
            "API_KEY_PEPPER), or pass --insecure if a gateway in front authenticates callers"
        )


def check_address(settings: "Settings", insecure: bool) -> None:
    """Check that it can listen there, before a build that takes minutes. Raises Misused, Failed."""
    from services.cli import run_server

    refuse_exposure(settings, insecure)
    run_server.bind(settings.marquee_host, settings.marquee_port).close()
