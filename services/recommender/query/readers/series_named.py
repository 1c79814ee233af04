"""Reader for film series: "star wars", "harry potter"."""

from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.demands import AllOf, Demand, HasTrait, InSeriesWith, Mentions, OneOf, Titled
from services.recommender.query.lexicon import NamedSeries
from services.recommender.query.marked_words import Reading, WordRole, asks, singular
from services.recommender.query.tokens import words_of
from services.recommender.query.words import grammar, words_in
from services.recommender.query.words.concepts import AUDIENCES

LONGEST = 6
_ENDINGS = words_in("series saga trilogy collection franchise films movies parts sequels")
_ARTICLES = ("the", "a", "an")


def read_series(reading: Reading, at: int, alone: bool = False) -> int:
    """Read a series named here; return the number of words. A one-word name counts only if it is the whole query or
    ``alone`` is given.
    """
    for count in range(reading.run(at, LONGEST), 0, -1):
        name = reading.phrase(at, count, "")
        series = reading.lexicon.series.get(name)
        if series is None and count > 1 and reading.word(at) in _ARTICLES:
            series = reading.lexicon.series.get(reading.phrase(at + 1, count - 1, ""))
        if series is None or not (count > 1 or alone or _is_all(reading, at)) or _is_part(reading, at, count):
            continue
        # "For grown-ups" is said of an audience.
        if reading.word(at - 1) == "for" and singular(reading.phrase(at, count)) in AUDIENCES:
            continue
        if reading.word(at + count) in _ENDINGS and reading.free(at + count):
            count += 1
        reading.add(at, count, condition_of(reading, series, at, count), WordRole.CONDITION)
        return count
    return 0


def condition_of(reading: Reading, series: NamedSeries, at: int, count: int) -> Condition:
    """Return a condition for the films of a series, those that mention its name, and those with the typed title; also
    for a series continued under a name with the same first word: "Jurassic World" mentions "Jurassic Park".
    """
    words = tuple(word for word in words_of(series.name) if word not in grammar.STOP)
    small = grammar.STOP | _ENDINGS
    typed = tuple(word for word in reading.phrase(at, count).split() if word not in small)
    parts: list[Demand] = [HasTrait((series.trait,)), Titled(typed)]
    if len(words) > 1:
        parts += [Mentions(words), InSeriesWith(AllOf((Mentions(words), Titled(words[:1]))))]
    demand = OneOf(tuple(parts))
    return Condition(
        f"series:{series.name}".lower(), ConditionKind.SERIES, series.name, reading.typed(at, count), demand, Sure.SAID,
        hard=False, traits=(series.trait,),
    )  # fmt: skip


def _is_part(reading: Reading, at: int, count: int) -> bool:
    """Return whether a longer keyword contains the name: "world war ii" is not a series named "World War"."""
    longer = reading.run(at, count + 1) > count and reading.phrase(at, count + 1) in reading.lexicon.keywords
    return longer or (reading.free(at - 1) and reading.phrase(at - 1, count + 1) in reading.lexicon.keywords)


def _is_all(reading: Reading, at: int) -> bool:
    """Return whether the query contains nothing else."""
    return all(
        place == at or asks(word.word) or word.word in grammar.STOP or word.word in _ENDINGS
        for place, word in enumerate(reading.words)
    )
