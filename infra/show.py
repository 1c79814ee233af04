"""``python -m infra.show [-c name=value ...]``: print the settings of a deployment as JSON, without the CDK."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.service_settings import variables
from infra.settings import Undeployable, load_settings

CDK_JSON = Path(__file__).resolve().parents[1] / "cdk.json"


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print the settings. Return 0, or 2 for settings that cannot be deployed."""
    context = json.loads(CDK_JSON.read_bytes())["context"] | _given(arguments)
    try:
        settings = load_settings(context, environment)
        # Every script starts with this, so values that the service would refuse are reported before anything else.
        variables(settings.service, kind=None if settings.search == "embedded" else settings.generation)
    except Undeployable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(settings.model_dump_json(indent=2) + "\n")
    return 0


def _given(arguments: Sequence[str]) -> dict[str, str]:
    """Return the overrides of ``cdk.json`` from the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.show", description=__doc__)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="name=value", help="as for cdk")
    pairs = [pair.partition("=") for pair in parser.parse_args(arguments).context]
    return {name: value for name, _, value in pairs}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
