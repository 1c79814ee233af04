"""Readers for kinds of film: genres, moods, forms and audiences."""

from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.marked_words import LONGEST_KIND, Reading, WordRole, asks, singular
from services.recommender.query.words import grammar, words_in
from services.recommender.query.words.concepts import AUDIENCES, COMPANY, CONCEPTS, QueryConcept
from services.recommender.query.words.language_words import LANGUAGES

# Words that may belong to a plot; at the end of the request they mean the genre.
_HEADS = words_in("action adventure fantasy mystery western romance cartoon")
_WHOSE = words_in("my our the a an small young little older whole entire your for all with is are be be age ages")
_LIKES = words_in("would will might could can likes loves enjoys like love enjoy")
_SMALL = words_in("year years old month months")


def read_concept(reading: Reading, at: int) -> int:
    """Read a genre, a mood or a form at this position; return the number of words."""
    longest = reading.longest(CONCEPTS, at, LONGEST_KIND, singular)
    if longest is None:
        return 0
    count, concept = longest
    if concept.beside and not _is_meant(reading, at, count):
        return 0
    if is_war_of(reading, at):
        return 0
    if count == 1 and reading.within_keyword(at) and concept.kind is not ConditionKind.GENRE:
        return 0
    hard = concept.kind is not ConditionKind.MOOD or _qualifies_films(reading, at + count)
    reading.add(at, count, condition_of(concept, reading.typed(at, count), hard), role_of(concept))
    return count


def read_audience(reading: Reading, at: int) -> int:
    """Read an audience: "for my kids", "kids' film", "my kids", "for a 6 year old"; return the number of words."""
    word = reading.word(at)
    place = at + (word == "for")
    while place - at < 6 and reading.free(place) and _belongs(reading.word(place)):
        place += 1
    if word == "for" and reading.word(place - 1) in _SMALL and place - at > 2:
        reading.add(at, place - at, _audience("child", reading.typed(at, place - at)), WordRole.NAMED)
        return place - at
    longest = reading.longest(AUDIENCES, place, 3, singular)
    if longest is None:
        return _read_company(reading, at, place)
    count, concept = longest
    owned = word == "for" or reading.word(at) in ("my", "our")
    # "Family film" and "family drama" are kinds of film: see the concepts.
    before_films = place == at and reading.word(at + count) in grammar.FILMS and singular(word) != "family"
    if not (owned or before_films):
        return 0
    total = place + count - at
    reading.add(at, total, condition_of(concept, reading.typed(at, total), True), WordRole.NAMED)
    return total


def _read_company(reading: Reading, at: int, place: int) -> int:
    """Read an audience for whom a film is looked for, after "for my" or "with my", or before "would enjoy"."""
    longest = reading.longest(COMPANY, place, 2, singular)
    if longest is None:
        return 0
    count, concept = longest
    total = place + count - at
    is_introduced = reading.word(at) == "for" or (reading.word(at - 1) == "with" and place > at)
    if not is_introduced and not (place > at and reading.word(at + total) in _LIKES):
        return 0
    reading.add(at, total, condition_of(concept, reading.typed(at, total), True), WordRole.NAMED)
    return total


def is_war_of(reading: Reading, at: int) -> bool:
    """Return whether a war is named: "the Korean war", but not in "Korean war films"."""
    named = reading.word(at) == "war" and reading.word(at - 1) in LANGUAGES
    return named and reading.word(at + 1) not in grammar.FILMS


def condition_of(concept: QueryConcept, typed: str, hard: bool) -> Condition:
    """Return the condition for a concept."""
    sure = Sure.GUESSED if concept.kind is ConditionKind.MOOD else Sure.LIKELY if concept.beside else Sure.SURE
    return Condition(
        f"{concept.kind.value}:{concept.text}".lower(), concept.kind, concept.text, typed, concept.demand, sure, hard,
        keywords=concept.keywords,
    )  # fmt: skip


def role_of(concept: QueryConcept) -> WordRole:
    """Return the role of a concept's words; those that may describe the plot are also searched for."""
    return WordRole.CONDITION if concept.stays else WordRole.NAMED


def _audience(name: str, typed: str) -> Condition:
    return condition_of(AUDIENCES[name], typed, True)


def _belongs(word: str) -> bool:
    return word in _WHOSE or word in _SMALL or (word.isdecimal() and len(word) <= 2)


def _is_meant(reading: Reading, at: int, count: int) -> bool:
    """Return whether an ambiguous word stands for a kind of film."""
    if count == 1 and reading.within_keyword(at):
        return False
    others = [place for place in reading.content() if not at <= place < at + count]
    if not others:
        return True
    before, behind = at - 1, at + count
    # "A weird quirky film" asks for both, "a strange light" for neither.
    while _joined(reading, behind) and _is_ambiguous_mood(reading.word(behind)):
        behind += 1
    while before >= 0 and reading.free(before) and _is_ambiguous_mood(reading.word(before)):
        before -= 1
    if _joined(reading, behind) and (reading.is_kind(behind) or not reading.free(behind)):
        return True
    if before >= 0 and not reading.words[at].after_break:
        kind = reading.is_kind(before) or asks(reading.word(before)) or not reading.free(before)
        if kind and reading.word(before) not in grammar.STOP:
            return True
    ends = not _joined(reading, behind) or reading.word(behind) in grammar.STOP
    return ends and (count > 1 or singular(reading.word(at)) in _HEADS)


def _is_ambiguous_mood(word: str) -> bool:
    concept = CONCEPTS.get(word)
    return concept is not None and concept.beside and concept.kind is ConditionKind.MOOD


def _joined(reading: Reading, at: int) -> bool:
    """Return whether a word follows without a break."""
    return at < len(reading) and not reading.words[at].after_break


def _qualifies_films(reading: Reading, behind: int) -> bool:
    """Return whether a mood describes the film, unlike in "a sad clown"."""
    while _joined(reading, behind) and reading.word(behind) in ("and", "or"):
        behind += 1
    if not _joined(reading, behind) or not reading.free(behind):
        return True
    word = reading.word(behind)
    return reading.is_kind(behind) or word in grammar.STOP or asks(word)
