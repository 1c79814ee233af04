"""A batch of feedback, person by person; what every store does the same way."""

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
    """The answers in the order of the commands. A person for whom ``record_person`` raises StateUnavailable gets it
    in the places of their commands; it is raised only if nothing at all was stored.
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
    """The command with its event at the time that ``by_arrival`` gives it; the log tells of a clock that is wrong."""
    event = by_arrival(profile, command.event, now_ms)
    if event is command.event:
        return command
    _log.warning(
        "an event was stored at a time that is still %.0f s ahead: a clock was or is wrong; what arrives for its film "
        "is ordered by arrival", (event.ts_ms - now_ms) / 1_000,
    )  # fmt: skip
    return replace(command, event=event)


def _by_person(commands: Sequence[FeedbackCommand]) -> dict[str, list[int]]:
    """Places of each person's commands, people in the order of their first."""
    places: dict[str, list[int]] = {}
    for place, command in enumerate(commands):
        places.setdefault(command.user_id, []).append(place)
    return places
