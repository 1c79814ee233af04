"""Reader for original languages: "korean", "french-language", "from Japan"."""

from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.demands import HasFacts
from services.recommender.query.marked_words import Reading, WordRole
from services.recommender.query.readers.kinds import is_war_of
from services.recommender.query.words.language_words import COUNTRIES, LANGUAGES

# In a description of at least this many words a nationality belongs to the plot, unless next to a word for films.
DESCRIPTION = 3


def read_language(reading: Reading, at: int) -> int:
    """Read a language or a country at this position; return the number of words."""
    from_country = reading.word(at) == "from" and reading.longest(COUNTRIES, at + 1, 2)
    if from_country:
        count, (shown, codes) = from_country
        _add(reading, at, count + 1, shown, codes, True)
        return count + 1
    longest = reading.longest(LANGUAGES, at, 3)
    if longest is None:
        return 0
    count, (shown, codes) = longest
    behind = at + count
    joined = behind < len(reading) and not reading.words[behind].after_break
    before_kind = joined and (reading.is_plain_kind(behind) or not reading.free(behind))
    if count == 1 and not before_kind and reading.within_keyword(at):
        return 0
    others = sum(1 for place in reading.content() if not at <= place < behind)
    if is_war_of(reading, behind):
        return 0
    after_in = reading.word(at - 1) == "in"
    _add(reading, at, count, shown, codes, before_kind or after_in or others < DESCRIPTION)
    return count


def _add(reading: Reading, at: int, count: int, shown: str, codes: tuple[str, ...], hard: bool) -> None:
    sure = Sure.SURE if hard else Sure.GUESSED
    condition = Condition(
        f"language:{shown}".lower(), ConditionKind.LANGUAGE, shown, reading.typed(at, count), HasFacts(languages=codes),
        sure, hard,
    )  # fmt: skip
    # In a plot it is also a word to search for.
    reading.add(at, count, condition, WordRole.NAMED if hard else WordRole.CONDITION)
