"""Random pauses that differ between copies of a snapshot."""

import random

from services.adapters import jitter


def test_a_pause_is_in_its_range() -> None:
    assert all(0.01 <= jitter.between(0.01, 0.04) <= 0.04 for _ in range(200))


def test_copies_of_one_process_have_different_pauses() -> None:
    """A generator with a state, seeded before a snapshot, would give every copy the same pauses."""
    pauses = []
    for _ in range(2):
        random.seed(1)
        pauses.append([jitter.between(0, 1) for _ in range(4)])
    assert pauses[0] != pauses[1]
