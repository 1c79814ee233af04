"""A process that records events and prints the id of each stored event; tests may kill it.

Usage: state_writer.py DATABASE PERSON EVENTS [BYTES]. BYTES limits the size of any file.
"""

import resource
import sys
from pathlib import Path

from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.state import SqliteState
from services.bootstrap import SystemClock
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline
from tests.adapters.state.state_kit import did, send, stored
from tests.patience import PATIENCE_S


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


path, person, events = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
clock = SystemClock()
state = SqliteState(Database(path, clock))
if len(sys.argv) > 4:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]),) * 2)
for number in range(events):
    command = send(did(f"{person}-{number}"), person, key=f"{person}-{number}")
    try:
        [receipt] = stored(state.record([command], Deadline.within(clock, PATIENCE_S)))
    except StateUnavailable as error:
        say(f"unavailable {error}")
        sys.exit(3)
    say(receipt.event_id)
state.close()
