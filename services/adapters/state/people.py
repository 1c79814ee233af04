"""A batch of feedback, person by person; what every store does the same way."""

from collections.abc import Callable, Sequence

from services.recommender.errors import MarqueeError, StateUnavailable
from services.recommender.ports import FeedbackCommand, Receipt

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


def _by_person(commands: Sequence[FeedbackCommand]) -> dict[str, list[int]]:
    """Places of each person's commands, people in the order of their first."""
    places: dict[str, list[int]] = {}
    for place, command in enumerate(commands):
        places.setdefault(command.user_id, []).append(place)
    return places
