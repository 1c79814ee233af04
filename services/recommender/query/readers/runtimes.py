"""Reader for running times: "under two hours", "90-minute", "longer than three hours"."""

import re

from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.demands import HasFacts
from services.recommender.query.marked_words import Reading, WordRole
from services.recommender.query.words import grammar

_TOGETHER = re.compile(r"(?:(\d)h(\d{2})?)?(?:(\d{2,3})(?:min|mins|m))?")
# Tolerance: "a two hour film" lasts about that long.
ABOUT = 0.12
LONGEST = 600


def read_runtime(reading: Reading, at: int) -> int:
    """Read a runtime at this position; return the number of words."""
    less, more = reading.starts(grammar.LESS, at), reading.starts(grammar.MORE, at)
    bound = max(less, more)
    duration = _duration(reading, at + bound)
    if duration is None:
        return 0
    count, minutes = duration
    if less and less >= more:
        demand, text, name = HasFacts(runtime_to=minutes), f"up to {minutes} minutes", f"-{minutes}"
    elif more:
        demand, text, name = HasFacts(runtime_from=minutes), f"at least {minutes} minutes", f"{minutes}-"
    else:
        low, high = round(minutes * (1 - ABOUT)), round(minutes * (1 + ABOUT))
        demand, text, name = HasFacts(runtime_from=low, runtime_to=high), f"about {minutes} minutes", f"{low}-{high}"
    if reading.word(at + bound + count) in ("long", "runtime", "length"):
        count += 1
    sure = Sure.SAID if bound else Sure.LIKELY
    typed = reading.typed(at, bound + count)
    reading.add(
        at,
        bound + count,
        Condition(f"runtime:{name}", ConditionKind.RUNTIME, text, typed, demand, sure),
        WordRole.NAMED,
    )
    return bound + count


def _duration(reading: Reading, at: int) -> tuple[int, int] | None:
    """Return the number of words, and the minutes."""
    if not reading.free(at):
        return None
    together = _TOGETHER.fullmatch(reading.word(at))
    if together is not None and together[0]:
        minutes = 60 * int(together[1] or 0) + int(together[2] or 0) + int(together[3] or 0)
        return (1, minutes) if 0 < minutes <= LONGEST else None
    number = _number(reading.word(at))
    if number is None or not reading.free(at + 1):
        return None
    # "Two and a half hours", and "two hours and a half" below.
    if reading.run(at, 5) == 5 and reading.phrase(at + 1, 3) == "and a half" and reading.word(at + 4) in grammar.HOURS:
        return 5, 60 * number + 30
    unit = reading.word(at + 1)
    if unit in grammar.MINUTES and 0 < number <= LONGEST:
        return 2, number
    if unit not in grammar.HOURS or not 0 < number <= LONGEST // 60:
        return None
    if reading.phrase(at + 2, 3) == "and a half" and reading.run(at, 5) == 5:
        return 5, 60 * number + 30
    offset = 3 if reading.word(at + 2) == "and" else 2
    extra = _number(reading.word(at + offset))
    if (
        extra is not None
        and reading.word(at + offset + 1) in grammar.MINUTES
        and reading.run(at, offset + 2) == offset + 2
    ):
        return offset + 2, 60 * number + extra
    return 2, 60 * number


def _number(word: str) -> int | None:
    if word.isdecimal() and word.isascii() and len(word) <= 3:
        return int(word)
    return grammar.NUMBERS.get(word)
