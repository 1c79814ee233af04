"""``python -m tests.openapi``: compare the API with ``docs/openapi.json``, or with ``--write`` update that file.

Changes that break clients are refused, unless ``--breaking`` allows them. ``--against FILE`` compares with another
document, such as that of the last release.
"""

import argparse
import json
import sys
from pathlib import Path

from tests.openapi.changes import breaking_changes
from tests.openapi.snapshot import SNAPSHOT, document, text_of


def main(arguments: list[str] | None = None, *, snapshot: Path = SNAPSHOT) -> int:
    """Return 1 for a breaking change without ``--breaking`` or an outdated snapshot, otherwise 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.openapi", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the snapshot")
    parser.add_argument("--breaking", action="store_true", help="accept changes that break a client")
    parser.add_argument("--against", type=Path, default=snapshot, metavar="FILE", help="the document to compare with")
    options = parser.parse_args(arguments)
    new = document()
    breaks = breaking_changes(json.loads(options.against.read_text("utf-8")), new) if options.against.exists() else []
    for line in breaks:
        sys.stderr.write(f"breaks clients: {line}\n")
    if breaks and not options.breaking:
        sys.stderr.write("Keep what clients use, or repeat with --breaking and say so in CHANGELOG.md.\n")
        return 1
    if options.write:
        snapshot.write_text(text_of(new), "utf-8")
    elif not snapshot.exists() or snapshot.read_text("utf-8") != text_of(new):
        sys.stderr.write("docs/openapi.json is out of date; write it: make openapi\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
