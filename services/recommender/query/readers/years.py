"""Reader for years of release: "1999", "the 90s", "before 1950", "from 1980 to 1985", "old", "recent"."""

import re

from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.demands import HasFacts
from services.recommender.query.marked_words import Reading, WordRole, asks
from services.recommender.query.words import grammar

EARLIEST = 1888
# Last year of an old film or classic; a recent film is within this many years of the newest.
OLD_UNTIL = 1979
RECENT_YEARS = 6
_DECADE = re.compile(r"(\d{2})?(\d0)(s|er)?")
_PARTS = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}


def read_years(reading: Reading, at: int) -> int:
    """Read a period at this position; return the number of words, 0 for the period a story is set in."""
    for read in (_between, _bounded, _plain, _age):
        years = read(reading, at)
        if years is None:
            continue
        count, low, high, sure = years
        while at > 0 and reading.free(at - 1) and not reading.words[at].after_break and _leads(reading.word(at - 1)):
            at, count = at - 1, count + 1
        if reading.word(at) == "in" and reading.word(at - 1) in ("set", "place", "plays", "takes"):
            return 0
        reading.add(at, count, _condition(low, high, reading.typed(at, count), sure), WordRole.NAMED)
        return count
    return 0


def _leads(word: str) -> bool:
    return word in ("in", "of", "from", "the", "year", "years", "made", "released", "during", "around")


def _condition(low: int | None, high: int | None, typed: str, sure: Sure) -> Condition:
    if low is not None and low == high:
        text, name = str(low), str(low)
    elif low is not None and high is not None:
        decade = low % 10 == 0 and high == low + 9
        text, name = f"{low}s" if decade else f"{low}\N{EN DASH}{high}", f"{low}-{high}"
    elif low is not None:
        text, name = f"from {low}", f"{low}-"
    else:
        text, name = f"until {high}", f"-{high}"
    return Condition(f"year:{name}", ConditionKind.YEAR, text, typed, HasFacts(year_from=low, year_to=high), sure)


Period = tuple[int, int | None, int | None, Sure]


def _between(reading: Reading, at: int) -> Period | None:
    """ "between 1950 and 1965", "from 1980 to 1985", "1980 - 1985"."""
    lead = 1 if reading.word(at) in ("between", "from") else 0
    first = _span(reading, at + lead)
    if first is None:
        return None
    place = at + lead + first[0]
    joint = 1 if reading.word(place) in ("and", "to", "until", "till", "through") else 0
    if not joint and not (lead == 0 and reading.free(place) and _dashed(reading, place)):
        return None
    article = 1 if reading.word(place + joint) == "the" else 0
    second = _span(reading, place + joint + article)
    if second is None or second[2] < first[1] or (joint and not lead and reading.word(place) == "and"):
        return None
    return place + joint + article + second[0] - at, first[1], second[2], Sure.SAID


def _dashed(reading: Reading, place: int) -> bool:
    between = reading.query[reading.words[place - 1].end : reading.words[place].start]
    return bool(re.fullmatch(r"\s*[-\u2013\u2014/]\s*", between))


def _bounded(reading: Reading, at: int) -> Period | None:
    """ "before 1950", "after the 90s", "since 2015", "from 2010 on"."""
    for table, before in ((grammar.BEFORE, True), (grammar.AFTER, False)):
        count = reading.starts(table, at)
        if not count:
            continue
        phrase = reading.phrase(at, count)
        while reading.word(at + count) in ("the", "year", "years"):
            count += 1
        span = _span(reading, at + count)
        if span is None:
            continue
        used, low, high = span
        if before:
            including = phrase in ("until", "up to")
            return count + used, None, high if including else low - 1, Sure.SAID
        if phrase == "from":
            is_open = reading.word(at + count + used) in ("on", "onward", "onwards")
            return (count + used + 1, low, None, Sure.SAID) if is_open else None
        return count + used, low if phrase == "since" else high + 1, None, Sure.SAID
    return None


def _plain(reading: Reading, at: int) -> Period | None:
    span = _span(reading, at)
    if span is None:
        return None
    count, low, high = span
    if reading.word(at + count) in ("year", "years") and reading.free(at + count):
        count += 1
    return count, low, high, Sure.SURE


def _age(reading: Reading, at: int) -> Period | None:
    """Read "old" and "recent" of films, not of people: only before a word for films."""
    word = reading.word(at)
    if not reading.free(at) or reading.within_keyword(at):
        return None
    # "Classic screwball comedy": another word may come between; a word after "old" is what is old ("old man").
    reach = reading.run(at, 3 if word in ("classic", "vintage") else 2)
    kind = reading.starts_long_kind(at + 1) or any(reading.is_kind(place) for place in range(at + 1, at + reach))
    alone = word in ("classics", "newest", "latest") and (at == 0 or asks(reading.word(at - 1)))
    if not (kind or alone):
        return None
    if word in grammar.OLD:
        return 1, None, OLD_UNTIL, Sure.GUESSED
    if word in grammar.RECENT:
        return 1, reading.newest - RECENT_YEARS, None, Sure.GUESSED
    return None


def _span(reading: Reading, at: int) -> tuple[int, int, int] | None:
    """Return a year or a decade: number of words, first and last year."""
    if not reading.free(at):
        return None
    part = _PARTS.get(reading.word(at))
    if part is not None:
        place = at + 1 + (reading.word(at + 1) == "the")
        decade = _decade(reading, place)
        if decade is None:
            return None
        return place - at + decade[0], decade[1] + part[0], decade[1] + part[1]
    decade = _decade(reading, at)
    if decade is not None:
        return decade[0], decade[1], decade[1] + 9
    year = year_of(reading, at)
    return None if year is None else (1, year, year)


def year_of(reading: Reading, at: int) -> int | None:
    """Return the year at this word position, if there is one."""
    word = reading.word(at)
    is_year = len(word) == 4 and word.isascii() and word.isdecimal() and EARLIEST <= int(word) <= reading.newest + 1
    return int(word) if is_year else None


def _decade(reading: Reading, at: int) -> tuple[int, int] | None:
    """Return the number of words and the first year of a decade: "1990s", "90s", "90 s", "nineties", "years 80",
    "80er".
    """
    word = reading.word(at)
    if not reading.free(at):
        return None
    if word in grammar.DECADE_NAMES:
        return 1, grammar.DECADE_NAMES[word]
    match = _DECADE.fullmatch(word) if word.isascii() else None
    if match is None:
        return None
    century, tens, ending = match.groups()
    apart = not ending and reading.word(at + 1) == "s" and reading.free(at + 1)
    # A bare "80" is a decade after "the years" ("annees 80"), or in languages that use numbers so ("de los 80").
    years = reading.word(at - 1) == "years" or (
        reading.language != "en" and reading.word(at - 1) == "the" and not century
    )
    if not (ending or apart or years):
        return None
    start = int(century + tens) if century else (1900 if int(tens) >= 20 else 2000) + int(tens)
    return (2 if apart else 1, start) if EARLIEST - 9 <= start <= reading.newest else None
