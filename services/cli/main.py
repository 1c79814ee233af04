"""``marquee``: registers the verbs, and turns every error into one line and an exit code."""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from services import __version__
from services.cli import (
    ask,
    bench,
    build,
    bundle,
    cost,
    data,
    doctor,
    evaluate,
    import_files,
    index,
    inspect,
    keys,
    release,
    serve,
    tables,
    train,
    tune,
    up,
    users,
    validate,
)
from services.cli.console import EXIT_CODES, ExitCode

app = typer.Typer(
    name="marquee",
    epilog=EXIT_CODES,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(show: bool) -> None:
    if show:
        typer.echo(f"marquee {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; allowed anywhere.")] = False,
) -> None:
    """Recommend films: check your data, build a bundle from it, serve or query it.

    To start, run `marquee up`, or `marquee up PATH...` for your own data.
    """


for group in (
    inspect,
    validate,
    build,
    import_files,
    train,
    up,
    serve,
    ask,
    users,
    bundle,
    index,
    release,
    keys,
    tables,
    doctor,
    evaluate,
    tune,
    bench,
    cost,
    data,
):
    group.register(app)


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    debug, as_json = "--debug" in arguments, "--json" in arguments
    remaining = [argument for argument in arguments if argument != "--debug"] or ["--help"]
    try:
        return int(app(remaining, standalone_mode=False, prog_name="marquee") or ExitCode.OK)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _quiet_exit()
    except Exception as error:  # noqa: BLE001 - outermost frame: every error becomes one line
        return _complain(error, debug, as_json)


def _quiet_exit() -> int:
    """Exit quietly when the reader has closed the pipe (``marquee ... | head``), without an error from Python."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.OK


def _complain(error: Exception, debug: bool, as_json: bool) -> int:
    from services.cli.verb_errors import describe

    if debug:
        traceback.print_exc()
    code, message = describe(error)
    if as_json:
        sys.stdout.write(json.dumps({"error": message, "exit_code": int(code)}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"marquee: {message}\n")
    return code


def run() -> None:
    """Run the ``marquee`` entry point."""
    # One BLAS thread: same data, same bytes; and waiting threads cost minutes on busy cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main(sys.argv[1:]))
