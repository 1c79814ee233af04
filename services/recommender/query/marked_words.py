"""State of reading a query: its words in English, the role of each, and the conditions found so far."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import TypeVar

from services.recommender.domain.catalogue import Catalogue
from services.recommender.ports import Mention, TextField, TextIndex
from services.recommender.query.conditions import Condition
from services.recommender.query.lexicon import Lexicon
from services.recommender.query.tokens import words_of
from services.recommender.query.words import grammar
from services.recommender.query.words.concepts import AUDIENCES, CONCEPTS
from services.recommender.query.words.language_words import LANGUAGES

Value = TypeVar("Value")

LONGEST_KIND = 5
MENTIONED = TextField.TITLE | TextField.KEYWORDS | TextField.OVERVIEW


class WordRole(Enum):
    """Role assigned to a word."""

    FREE = auto()
    CONDITION = auto()
    NAMED = auto()
    """A person, a year, an example film: covered by the condition, not searched for as a word of the plot."""
    DENIED = auto()
    DROPPED = auto()


@dataclass(frozen=True, slots=True)
class Word:
    """``word``: folded, in English; ``start`` and ``end``: its source in the query; ``shown``: as typed, or the
    translation. ``after_break``: preceded by a comma or the like. ``quoted``: as for ``Token``.
    """

    word: str
    start: int
    end: int
    shown: str
    after_break: bool = False
    quoted: int = 0


@dataclass(eq=False)
class Reading:
    """``roles`` is aligned with ``words``; ``conditions``: each after the span of words that expresses it."""

    query: str
    words: list[Word]
    lexicon: Lexicon
    index: TextIndex
    language: str = "en"
    roles: list[WordRole] = field(default_factory=list)
    conditions: list[tuple[int, int, Condition]] = field(default_factory=list)
    like: list[tuple[str, int]] = field(default_factory=list)
    mentions: dict[str, Mention] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roles = [WordRole.FREE] * len(self.words)

    def __len__(self) -> int:
        return len(self.words)

    @property
    def catalogue(self) -> Catalogue:
        """Films of the release."""
        return self.lexicon.catalogue

    def word(self, at: int) -> str:
        """Return the word at a position; "" outside."""
        return self.words[at].word if 0 <= at < len(self.words) else ""

    def free(self, at: int) -> bool:
        """Return whether there is a word here without a role."""
        return 0 <= at < len(self.words) and self.roles[at] is WordRole.FREE

    def run(self, at: int, most: int) -> int:
        """Return the number of consecutive free words from a position, without a break, at most ``most``."""
        stop = at
        while stop < at + most and self.free(stop) and (stop == at or not self.words[stop].after_break):
            stop += 1
        return stop - at

    def phrase(self, at: int, count: int, between: str = " ") -> str:
        """Return some words joined as one text."""
        return between.join(word.word for word in self.words[at : at + count])

    def typed(self, at: int, count: int) -> str:
        """Return the same words as typed in the query."""
        return self.query[self.words[at].start : self.words[at + count - 1].end]

    def names(self, at: int, count: int) -> tuple[str, ...]:
        """Return some words joined as a name: as read, and as typed."""
        typed = "".join(words_of(self.typed(at, count)))
        return tuple(dict.fromkeys((self.phrase(at, count, ""), typed)))

    def take(self, at: int, count: int, role: WordRole) -> None:
        """Assign a role to some words."""
        self.roles[at : at + count] = [role] * count

    def add(self, at: int, count: int, condition: Condition, role: WordRole = WordRole.CONDITION) -> None:
        """Add a condition and assign a role to its words."""
        self.take(at, count, role)
        self.conditions.append((at, count, condition))

    def longest(
        self, table: Mapping[str, Value], at: int, most: int, form: Callable[[str], str] = str
    ) -> tuple[int, Value] | None:
        """Return the longest table entry at this position: its number of words, and its value."""
        for count in range(self.run(at, most), 0, -1):
            value = table.get(form(self.phrase(at, count)))
            if value is not None:
                return count, value
        return None

    def starts(self, phrases: tuple[str, ...], at: int) -> int:
        """Return the number of words of the longest phrase at this position; 0 for none."""
        counts = {phrase.count(" ") + 1 for phrase in phrases}
        for count in sorted(counts, reverse=True):
            if self.run(at, count) == count and self.phrase(at, count) in phrases:
                return count
        return 0

    def content(self) -> Iterator[int]:
        """Yield the positions of free content words."""
        for at, word in enumerate(self.words):
            if self.roles[at] is WordRole.FREE and word.word not in grammar.STOP and not asks(word.word):
                yield at

    def mention(self, word: str) -> Mention:
        """Return where a word occurs in the films' texts."""
        if word not in self.mentions:
            (self.mentions[word],) = self.index.mentions((word,))
        return self.mentions[word]

    def mentions_of(self, word: str) -> int:
        """Return the number of films that mention a word in title, keywords or plot."""
        return int(((self.mention(word).fields & MENTIONED) != 0).sum())

    def peopled(self, word: str) -> int:
        """Return the number of films with a person of this name."""
        return int(((self.mention(word).fields & TextField.PEOPLE) != 0).sum())

    def within_keyword(self, at: int) -> bool:
        """Return whether a word is half of a keyword ("cold war", "new york") that is not a kind of film."""
        for first, partner in ((at - 1, at - 1), (at, at + 1)):
            if not (self.free(first) and self.free(first + 1)) or self.words[first + 1].after_break:
                continue
            if self.phrase(first, 2) in self.lexicon.keywords and not self.is_plain_kind(partner):
                return True
        return False

    def is_plain_kind(self, at: int) -> bool:
        """Return whether a word stands for films or a kind of film, and for nothing else."""
        concept = CONCEPTS.get(singular(self.word(at)))
        return self.word(at) in grammar.FILMS or (concept is not None and not concept.beside)

    def is_kind(self, at: int) -> bool:
        """Return whether a word stands for films, a kind of film, or a language."""
        word = self.word(at)
        return bool(word) and (
            word in grammar.FILMS or singular(word) in CONCEPTS or singular(word) in AUDIENCES or word in LANGUAGES
        )

    def starts_long_kind(self, at: int) -> bool:
        """Return whether a kind of film in several words starts at a place: "black and white"."""
        concept = self.longest(CONCEPTS, at, LONGEST_KIND, singular)
        return concept is not None and concept[0] > 1

    def ends_kind(self, stop: int) -> bool:
        """Return whether the words before a place end with a kind of film, possibly of several words: "science
        fiction".
        """
        if self.is_kind(stop - 1):
            return True
        starts = range(max(stop - LONGEST_KIND, 0), stop - 1)
        return any(
            singular(self.phrase(start, stop - start)) in CONCEPTS
            for start in starts
            if not any(word.after_break for word in self.words[start + 1 : stop])
        )

    @cached_property
    def newest(self) -> int:
        """Year of the newest film."""
        return int(self.catalogue.years.max(initial=0))


def asks(word: str) -> bool:
    """Return whether a word belongs only to the request itself."""
    return word in grammar.FILMS or word in grammar.REQUEST


def singular(phrase: str) -> str:
    """Return a phrase with its last word in the singular: "comedies" becomes "comedy"."""
    if len(phrase) > 4 and phrase.endswith("ies") and not phrase.endswith("movies"):
        return phrase[:-3] + "y"
    if len(phrase) > 3 and phrase.endswith("s") and not phrase.endswith(("ss", "us")):
        return phrase[:-1]
    return phrase
