"""``python -m tests.servers``: both servers in the foreground until Ctrl-C; ``--install`` only unpacks them."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.servers.dynamodb import DynamoDb
from tests.servers.errors import CannotRun, DidNotStart
from tests.servers.install import install
from tests.servers.opensearch import OpenSearch

USE = """\
# Logs: {logs}. Ctrl-C stops both.
export OPENSEARCH_ENDPOINT={opensearch}
export DDB_ENDPOINT={dynamodb}
export AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
"""


def main() -> None:
    """Exit with 1 if the servers can't run; with ``--install`` only print why: the tests decide what follows."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("--install", action="store_true", help="unpack the servers if this machine can run them")
    parser.add_argument("--quick", action="store_true", help="compile with C1 only: starts sooner, runs slower")
    options = parser.parse_args()
    try:
        if options.install:
            install()
        else:
            serve(quick=options.quick)
    except (CannotRun, DidNotStart) as error:
        if not options.install:
            sys.exit(str(error))
        sys.stderr.write(f"The tests that need servers can't run: {error}\n")


def serve(*, quick: bool) -> None:
    """Start both, print how to use them, and wait for SIGINT or SIGTERM."""
    for name in (signal.SIGINT, signal.SIGTERM):  # a shell's background job starts with SIGINT ignored
        signal.signal(name, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="marquee-logs-") as logs:
        try:
            with (
                OpenSearch(Path(logs) / "opensearch.log", quick=quick, heap="1g") as opensearch,
                DynamoDb(Path(logs) / "dynamodb.log", quick=quick) as dynamodb,
            ):
                sys.stdout.write(USE.format(logs=logs, opensearch=opensearch.url, dynamodb=dynamodb.url))
                sys.stdout.flush()
                signal.pause()
        except KeyboardInterrupt:
            sys.stdout.write("# Stopped.\n")


if __name__ == "__main__":
    main()
