"""Names that a sentence about one film may contain, and where it contains them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import Evidence, Record
from services.recommender.query.words.language_words import LANGUAGES
from services.recommender.sentences.genre_nouns import said_of

# Letters and digits, with signs allowed inside a word; or a single other sign.
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_TOKEN = re.compile(rf"[^\W_]+(?:['{_APOSTROPHE}\-][^\W_]+)*|[^\s\w]|_")
# A longer keyword is free text, and third-party text may contain instructions.
LONGEST_KEYWORD = 4
_SHORTEST_SURNAME = 3
_YEAR = re.compile(r"\b\d{4}\b")
_TRAILING_YEAR = re.compile(r" \(\d{4}\)$")
_ROLES = {ReasonKind.DIRECTOR: "director", ReasonKind.CAST: "cast"}
_OF_TRAITS = frozenset({ReasonKind.KEYWORD, ReasonKind.DECADE, ReasonKind.SERIES, ReasonKind.GENRE})
# Placeholders in reasons that are not names.
NO_SUBJECTS = frozenset({"the story", "the same people", "the catalogue", "what you like"})


class SentenceToken(NamedTuple):
    """A word or sign of a text; ``low``: in lower case, without possessive ``'s``."""

    text: str
    low: str

    @property
    def is_word(self) -> bool:
        """Whether it is a word, not a sign."""
        return self.text[0].isalnum()


def tokens_of(text: str) -> list[SentenceToken]:
    """Return the words and signs of a text."""
    return [SentenceToken(each, _bare(each.replace(_APOSTROPHE, "'"))) for each in _TOKEN.findall(text)]


def _bare(word: str) -> str:
    low = word.lower()
    return low.removesuffix("'s") if len(low) > 2 else low


@dataclass(frozen=True, slots=True)
class PermittedName:
    """A permitted name. ``kind``: "own" and "film" for titles, "person", "trait". ``evident``: a reason mentions it, so
    it may be said to be liked or asked for. ``tokens``: as from :func:`tokens_of`; compared in lower case unless
    ``exact``.
    """

    kind: str
    tokens: tuple[SentenceToken, ...]
    evident: bool
    exact: bool
    roles: frozenset[str] = frozenset()

    def stands_at(self, at: int, text: Sequence[SentenceToken]) -> bool:
        """Return whether the name starts at this token."""
        part = text[at : at + len(self.tokens)]
        if len(part) < len(self.tokens):
            return False
        return all(
            (expected.low == token.low) and (not self.exact or _keeps_capital(expected.text, token.text))
            for expected, token in zip(self.tokens, part, strict=True)
        )


def _keeps_capital(expected: str, text: str) -> bool:
    return not expected[0].isupper() or text[0].isupper()


class NameMention(NamedTuple):
    """A name found in ``text[start:end]``."""

    name: PermittedName
    start: int
    end: int


class PermittedNames:
    """All permitted names for one film: its title, the films and traits of its evidence, its record."""

    def __init__(self, evidence: Evidence, record: Record) -> None:
        self._names = sorted(_names(evidence, record), key=lambda name: (-len(name.tokens), not name.evident))
        genre_subjects = [reason.subject for reason in evidence.reasons if reason.kind is ReasonKind.GENRE]
        query_subjects = [reason.subject for reason in evidence.reasons if reason.kind is ReasonKind.QUERY]
        self.genres = frozenset(word for genre in (*evidence.genres, *genre_subjects) for word in said_of(genre))
        self.evident_genres = frozenset(word for genre in (*genre_subjects, *query_subjects) for word in said_of(genre))
        self.languages = frozenset(
            word for word, (_, codes) in LANGUAGES.items() if record.language and record.language in codes
        )
        self.numbers = frozenset(_numbers(evidence))
        self.evident = [name for name in self._names if name.evident]

    def mentions(self, text: Sequence[SentenceToken]) -> list[NameMention]:
        """Return where names occur, from left to right, the longest match first."""
        spans, at = [], 0
        while at < len(text):
            name = next((each for each in self._names if each.stands_at(at, text)), None)
            if name is None:
                at += 1
                continue
            spans.append(NameMention(name, at, at + len(name.tokens)))
            at += len(name.tokens)
        return spans


def _names(evidence: Evidence, record: Record) -> Iterator[PermittedName]:
    yield from _permitted("own", evidence.title, evident=False)
    for reason in evidence.reasons:
        yield from _of_reason(reason, record)
    for keyword in record.keywords:
        if len(keyword.split()) <= LONGEST_KEYWORD:
            yield from _permitted("trait", keyword, evident=False, exact=False)
    yield from _people(evidence, record)


def _of_reason(reason: Reason, record: Record) -> Iterator[PermittedName]:
    """Yield the film or trait that a reason names, except people."""
    subject = reason.subject
    if reason.kind is ReasonKind.LIKED and reason.item_id is not None:
        yield from _permitted("film", subject, evident=True)
        yield from _permitted("film", _TRAILING_YEAR.sub("", subject), evident=True)
    elif reason.kind in _OF_TRAITS and subject not in NO_SUBJECTS:
        yield from _permitted("trait", subject.removeprefix("The "), evident=True, exact=False)
    elif reason.kind is ReasonKind.QUERY and subject not in (*record.directors, *record.cast):
        yield from _permitted("trait", subject, evident=True, exact=False)
        yield from _permitted("trait", " ".join(_YEAR.findall(reason.text)), evident=True, exact=False)


def _people(evidence: Evidence, record: Record) -> Iterator[PermittedName]:
    """Yield whole names and last names, with the person's roles in the film."""
    roles: dict[str, set[str]] = {}
    pairs = [*((each, "director") for each in record.directors), *((each, "cast") for each in record.cast)]
    pairs += [(each.subject, _ROLES[each.kind]) for each in evidence.reasons if each.kind in _ROLES]
    for person, role in pairs:
        roles.setdefault(person, set()).add(role)
    evident = {reason.subject for reason in evidence.reasons if reason.kind in (*_ROLES, ReasonKind.QUERY)}
    for person, person_roles in roles.items():
        words = tuple(tokens_of(person))
        last = words[-1:] if len(words) > 1 and len(words[-1].text) >= _SHORTEST_SURNAME else ()
        for part in filter(None, (words, last)):
            yield PermittedName("person", part, person in evident, True, frozenset(person_roles))


def _permitted(kind: str, text: str, *, evident: bool, exact: bool = True) -> Iterable[PermittedName]:
    words = tuple(tokens_of(text))
    return [PermittedName(kind, words, evident, exact)] if words else []


def _numbers(evidence: Evidence) -> Iterator[str]:
    if evidence.year:
        yield str(evidence.year)
        yield f"{evidence.year // 10 * 10}s"
