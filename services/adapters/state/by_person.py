"""Splitting a batch of feedback by person, shared by all stores."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from services.recommender.domain.profile import Profile, by_arrival
from services.recommender.errors import MarqueeError, StateUnavailable
from services.recommender.ports import FeedbackCommand, Receipt

_log = logging.getLogger(__name__)

# One per command; an error stands in the place of a command that stored nothing because of it.
Receipts = list[Receipt | MarqueeError]


def record_by_person(
    commands: Sequence[FeedbackCommand], record_person: Callable[[str, list[FeedbackCommand]], Receipts]
) -> Receipts:
    """Return the receipts in the order of the commands. If ``record_person`` raises StateUnavailable, the error
    stands in the places of that person's commands; it is raised only if nothing at all was stored.
    """
    by_place: dict[int, Receipt | MarqueeError] = {}
    for user_id, places in _by_person(commands).items():
        receipts: Receipts
        try:
            receipts = record_person(user_id, [commands[place] for place in places])
        except StateUnavailable as error:
            receipts = [error] * len(places)
        by_place.update(zip(places, receipts, strict=True))
    outages = [receipt for receipt in by_place.values() if isinstance(receipt, StateUnavailable)]
    if outages and len(outages) == len(commands):
        raise outages[0]
    return [by_place[place] for place in range(len(commands))]


def in_order(profile: Profile, command: FeedbackCommand, now_ms: int) -> FeedbackCommand:
    """Return the command with its event at the time given by ``by_arrival``, and log if a clock was wrong."""
    event = by_arrival(profile, command.event, now_ms)
    if event is command.event:
        return command
    _log.warning(
        "a stored event's time is still %.0f s ahead: a clock was or is wrong; later events of its film are ordered by "
        "arrival", (event.ts_ms - now_ms) / 1_000,
    )  # fmt: skip
    return replace(command, event=event)


def _by_person(commands: Sequence[FeedbackCommand]) -> dict[str, list[int]]:
    """Return the places of each person's commands, people in the order of their first command."""
    places: dict[str, list[int]] = {}
    for place, command in enumerate(commands):
        places.setdefault(command.user_id, []).append(place)
    return places
