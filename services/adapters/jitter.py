"""Random pauses between tries."""

import random

# From the system: a generator with a state would go on alike in every copy of a snapshot, and all would collide again.
_system = random.SystemRandom()


def between(least_s: float, most_s: float) -> float:
    """A time in this range, seconds."""
    return _system.uniform(least_s, most_s)
