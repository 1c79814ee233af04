"""Random pauses between retries."""

import random

# From the system: copies of a snapshot share the state of other generators, and would collide again.
_system = random.SystemRandom()


def between(least_s: float, most_s: float) -> float:
    """Return a random number of seconds in this range."""
    return _system.uniform(least_s, most_s)
