"""``python -m tests.attack [name ...]``: run the attacks; exit code 1 if a promise is broken."""

import sys

from tests.attack import connections, state, stores
from tests.attack.balance import balance
from tests.attack.report import Attack, run

ATTACKS: dict[str, Attack] = {
    "quota-storm": state.quota_storm,
    "idempotency-storm": state.idempotency_storm,
    "erasure": state.erasure,
    "bad-stores": stores.bad_stores,
    "bad-bundles": stores.bad_bundles,
    "long-headers": connections.long_headers,
    "slow-connections": connections.slow_connections,
    "balance": balance,
    "kills": state.kills,
}

if __name__ == "__main__":
    sys.exit(1 if run(ATTACKS, sys.argv[1:]) else 0)
