"""Check of a sentence: each word must be plain, or a name in the evidence or the film's record.

It does not judge style. A sentence that passes names no film, person, genre, number or other fact not known of this
film; claims no liking and no relation to other films that no reason states; and takes no word from an overview, which
is third-party text. A sentence that fails is replaced.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import SENTENCE_LENGTH, SENTENCE_WORDS, Evidence, Record
from services.recommender.sentences.genre_nouns import GENRE_WORDS
from services.recommender.sentences.permitted_names import (
    NameMention,
    PermittedName,
    PermittedNames,
    SentenceToken,
    tokens_of,
)
from services.recommender.sentences.plain_words import (
    ACTING,
    ASKED,
    DIRECTING,
    FAMOUS,
    LIKED,
    LIKING,
    LOOKED,
    MAYBE,
    PLAIN_WORDS,
    WATCHED,
)
from services.recommender.sentences.relations import unfounded

_ENDS = frozenset(".!?…")
# Permitted besides letters and digits; other signs only inside names.
_DASHES = "-\N{EN DASH}\N{EM DASH}"
_QUOTES = "'\"“”\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
_SIGNS = frozenset(f".,;:!?…()&{_DASHES}{_QUOTES}")
_BREAKS = frozenset(f".,;:!?…(){_DASHES}")
_BREAKING = frozenset({"because", "since", "as", "while", "though", "so", "if"})
_JOINING = frozenset({"and", ",", "&"})
_FEWEST_WORDS = 3
_WINDOW = 3


def complaint(sentence: object, evidence: Evidence, record: Record) -> str | None:
    """Return why a sentence must not be shown, in a few words; None if it may."""
    if not isinstance(sentence, str):
        return "no text"
    if not _FEWEST_WORDS <= len(sentence.split()) <= SENTENCE_WORDS or len(sentence) > SENTENCE_LENGTH:
        return "length"
    if any(unicodedata.category(sign)[0] == "C" or unicodedata.category(sign) in ("Zl", "Zp") for sign in sentence):
        return "hidden character"
    if not sentence.isprintable() or unicodedata.normalize("NFC", sentence) != sentence:
        return "hidden character"
    text, names = tokens_of(sentence), PermittedNames(evidence, record)
    mentions = names.mentions(text)
    return next(_complaints(text, names, mentions, evidence.reasons), None)


def _complaints(
    text: Sequence[SentenceToken], names: PermittedNames, mentions: list[NameMention], reasons: Sequence[Reason]
) -> Iterator[str]:
    name_at: dict[int, PermittedName] = {at: each.name for each in mentions for at in range(each.start, each.end)}
    yield from _odd_words(text, names, name_at)
    yield from _odd_ends(text, name_at)
    yield from _wrong_roles(text, mentions, name_at)
    yield from _wrong_claims(text, name_at, reasons)
    yield from _wrong_likings(text, names, mentions, name_at)
    yield from unfounded(text, mentions, reasons, names.languages)
    mentioned = {id(each.name) for each in mentions}
    if names.evident and not mentioned & {id(name) for name in names.evident} and not _says_genre(text, names):
        yield "no mention of the evidence"


def _odd_words(
    text: Sequence[SentenceToken], names: PermittedNames, name_at: dict[int, PermittedName]
) -> Iterator[str]:
    for at, token in enumerate(text):
        if at in name_at:
            continue
        if not token.is_word:
            if token.text not in _SIGNS:
                yield f"sign {token.text!r}"
        elif any(sign.isdigit() or sign.isnumeric() for sign in token.text):
            if token.low not in names.numbers:
                yield "a number"
        elif not _is_allowed(token, at, names):
            yield "a word that is not permitted"


def _is_allowed(token: SentenceToken, at: int, names: PermittedNames) -> bool:
    low = token.low
    if low in names.languages:
        return True
    if (genre := _genre_word(low)) is not None:
        return genre in names.genres and _is_small(token, at)
    return _is_plain(low) and _is_small(token, at)


def _is_small(token: SentenceToken, at: int) -> bool:
    """Return whether capitals are used only at the start of a sentence or in names."""
    return at == 0 or token.text.islower() or token.text == "I"


def _is_plain(low: str) -> bool:
    if low in PLAIN_WORDS or low in FAMOUS:
        return True
    return "-" in low and all(part in PLAIN_WORDS for part in low.split("-"))


def _genre_word(low: str) -> str | None:
    """Return the genre word this is a form of."""
    for word in (low, low.removesuffix("s"), low.removesuffix("ies") + "y"):
        if word in GENRE_WORDS:
            return word
    return None


def _odd_ends(text: Sequence[SentenceToken], name_at: dict[int, PermittedName]) -> Iterator[str]:
    ends = [at for at, token in enumerate(text) if token.text in _ENDS and at not in name_at]
    last = len(text) - 1
    if not ends and text[last].text not in _ENDS and not _ends_with_name(text, name_at):
        yield "no end"
    if any(at < last - 1 for at in ends):
        yield "more than one sentence"


def _ends_with_name(text: Sequence[SentenceToken], name_at: dict[int, PermittedName]) -> bool:
    """Return whether the sentence ends with a title that has its own end mark."""
    last = len(text) - 1
    return last in name_at and text[last].text in _ENDS


def _wrong_roles(
    text: Sequence[SentenceToken], mentions: list[NameMention], name_at: dict[int, PermittedName]
) -> Iterator[str]:
    """Yield complaints about people credited with the wrong role."""
    previous: frozenset[str] = frozenset()
    until = -1
    for mention in (each for each in mentions if each.name.kind == "person"):
        is_joined = until >= 0 and {token.low for token in text[until : mention.start]} <= _JOINING
        roles = previous if is_joined else _around(text, mention, name_at)
        if "director" in roles and "director" not in mention.name.roles:
            yield "a person wrongly called a director"
        if "cast" in roles and "cast" not in mention.name.roles:
            yield "a person wrongly called an actor"
        previous, until = roles, mention.end


def _around(text: Sequence[SentenceToken], mention: NameMention, name_at: dict[int, PermittedName]) -> frozenset[str]:
    """Return the roles that the words around a person give them; directing words take precedence over acting words."""
    left = _free(text, range(mention.start - 1, -1, -1), name_at)
    right = _free(text, range(mention.end, len(text)), name_at)
    if any(word in DIRECTING for word in left + right):
        return frozenset({"director"})
    return frozenset({"cast"}) if any(word in ACTING for word in left[:2] + right) else frozenset()


def _free(text: Sequence[SentenceToken], places: range, name_at: dict[int, PermittedName]) -> list[str]:
    """Return the next words up to a name or a break."""
    words: list[str] = []
    for at in places:
        if at in name_at or text[at].text in _BREAKS or text[at].low in _JOINING or len(words) == _WINDOW:
            break
        words.append(text[at].low)
    return words


def _wrong_claims(
    text: Sequence[SentenceToken], name_at: dict[int, PermittedName], reasons: Sequence[Reason]
) -> Iterator[str]:
    """Yield complaints about claims (liked, watched, asked, popular) that no reason supports."""
    words = {token.low for at, token in enumerate(text) if at not in name_at}
    stated = " ".join(reason.text for reason in reasons)
    kinds = {reason.kind for reason in reasons}
    if words & LIKED and "liked" not in stated:
        yield '"liked" without a reason'
    if words & WATCHED and "watched" not in stated:
        yield '"watched" without a reason'
    if words & LOOKED and "looked" not in stated and ReasonKind.QUERY not in kinds:
        yield '"looked at" without a reason'
    if words & ASKED and ReasonKind.QUERY not in kinds:
        yield '"asked" without a reason'
    if words & FAMOUS and not any(reason.text.startswith("Popular") for reason in reasons):
        yield '"known" without a reason'
    if words & {"taste", "tastes"} and kinds <= {ReasonKind.QUERY, ReasonKind.POPULAR}:
        yield "a taste that no reason mentions"


def _wrong_likings(
    text: Sequence[SentenceToken], names: PermittedNames, mentions: list[NameMention], name_at: dict[int, PermittedName]
) -> Iterator[str]:
    """Yield complaints about things said to be liked that no reason names, or that are the film itself."""
    for at, token in enumerate(text):
        if at in name_at or token.low not in LIKING | WATCHED | LOOKED:
            continue
        before = {word.low for word in text[max(0, at - 2) : at]}
        # "You may like this thriller" predicts; it does not claim that the person likes it.
        is_about_you = bool(before & {"you", "you've", "you'd", "your"}) and not before & MAYBE
        is_fan = token.low in ("fan", "fans", "liking")
        if not (is_about_you or is_fan):
            continue
        end = _clause_end(text, at, name_at)
        objects = [each for each in mentions if at < each.start < end]
        genres = [
            word for place in range(at + 1, end) if place not in name_at and (word := _genre_word(text[place].low))
        ]
        if not objects and not genres:
            objects = [each for each in mentions if each.end <= at][-1:]
            genres = [] if objects else [word for place in range(at) if (word := _genre_word(text[place].low))][-1:]
        if any(not each.name.evident for each in objects) or any(word not in names.evident_genres for word in genres):
            yield '"liked" without a reason'


def _clause_end(text: Sequence[SentenceToken], at: int, name_at: dict[int, PermittedName]) -> int:
    for place in range(at + 1, len(text)):
        if place not in name_at and (text[place].text in _BREAKS or text[place].low in _BREAKING):
            return place
    return len(text)


def _says_genre(text: Sequence[SentenceToken], names: PermittedNames) -> bool:
    return any(_genre_word(token.low) in names.evident_genres for token in text)
