"""Splitting a batch of feedback by person, shared by all stores."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from services.recommender.domain.profile import Profile, by_arrival
from services.recommender.errors import MarqueeError, StateUnavailable
from services.recommender.ports import FeedbackCommand, Receipt

_log = logging.getLogger(__name__)

Answers = list[Receipt | MarqueeError]


def record_by_person(
    commands: Sequence[FeedbackCommand], record_person: Callable[[str, list[FeedbackCommand]], Answers]
) -> Answers:
    """Return the results in the order of the commands. If ``record_person`` raises StateUnavailable, it is the result
    of that person's commands; it is raised only if nothing at all was stored.
    """
    results: dict[int, Receipt | MarqueeError] = {}
    for user_id, places in _by_person(commands).items():
        answers: Answers
        try:
            answers = record_person(user_id, [commands[place] for place in places])
        except StateUnavailable as error:
            answers = [error] * len(places)
        results.update(zip(places, answers, strict=True))
    outages = [result for result in results.values() if isinstance(result, StateUnavailable)]
    if outages and len(outages) == len(commands):
        raise outages[0]
    return [results[place] for place in range(len(commands))]


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
